#include "engine/core_plan.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

TEST(CorePlan, LoopsRunOnTheNodeOfTheNic) {
  const auto plan = plan_cores({.allowed = {0, 1, 2, 3}, .near = {2, 3}});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->tx, CpuList{3});
  EXPECT_EQ(plan->rx, CpuList{2});
  EXPECT_EQ(plan->control, (CpuList{0, 1, 2}));
  EXPECT_FALSE(plan->shared);
  EXPECT_EQ(plan->note, "");
}

TEST(CorePlan, LoopsThatShareACoreAreNoted) {
  const auto plan =
      plan_cores({.allowed = {0, 1}, .tx_cores = {1}, .rx_cores = {0}, .tx_loops = 2});
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(plan->shared);
  EXPECT_EQ(plan->note, "threads share cores: sender on 1,1, receiver on 0");
}

}  // namespace
}  // namespace wireproof
