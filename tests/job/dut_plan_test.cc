#include "job/dut_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

namespace wireproof {
namespace {

TEST(DutPlan, TheWayThatAloneIsImpairedIsSaid) {
  DutSettings dut;
  dut.wire.loss = 0.1;
  dut.only = ImpairedWay::kBToA;
  EXPECT_EQ(path_spec(dut, false).wire.loss, 0);
  EXPECT_EQ(path_spec(dut, true).wire.loss, 0.1);
  const Config config = describe_dut(dut);
  const auto impaired = std::find_if(config.begin(), config.end(), [](const ConfigEntry& entry) {
    return entry.key == "impaired";
  });
  ASSERT_TRUE(impaired != config.end());
  const Config said{{"a_to_b", false}, {"b_to_a", true}};
  EXPECT_TRUE(std::get<Config>(impaired->value.value) == said);
}

// One seed both ways would lose the same frames both ways.
TEST(DutPlan, EachWayDrawsFatesOfItsOwn) {
  DutSettings dut;
  dut.wire.seed = 7;
  EXPECT_EQ(path_spec(dut, false).wire.seed, 7u);
  EXPECT_NE(path_spec(dut, true).wire.seed, 7u);
}

}  // namespace
}  // namespace wireproof
