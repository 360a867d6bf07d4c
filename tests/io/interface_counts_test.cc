#include "io/interface_counts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/netns.h"

namespace wireproof {
namespace {

class InterfaceCountsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  }
};

void flap(const std::string& name) {
  shell(fmt::format("ip link set {0} down && ip link set {0} up", name));
}

TEST_F(InterfaceCountsTest, EachFlapOfEitherEndIsSeenAfterwards) {
  VethPair veth;
  InterfaceCounts counts;
  ASSERT_TRUE(counts.begin(*read_interface(veth.near())));
  EXPECT_EQ(counts.read()->link_downs, 0u);
  flap(veth.far());
  EXPECT_EQ(counts.read()->link_downs, 1u);
  flap(veth.near());
  EXPECT_GT(counts.read()->link_downs, 1u);
  EXPECT_TRUE(counts.read()->link_up);
  shell(fmt::format("ip link set {} down", veth.near()));
  EXPECT_FALSE(counts.read()->link_up);
}

// A macvlan has no carrier of its own that it would lose: of its being set down the kernel counts
// nothing, and of a flap below it nothing reaches it.
TEST_F(InterfaceCountsTest, AnInterfaceWithoutACarrierOfItsOwnIsSeenGoingDown) {
  VethPair veth;
  shell(fmt::format("ip link add link {} name wpabove type macvlan", veth.near()));
  shell("ip link set wpabove up");
  InterfaceCounts counts;
  ASSERT_TRUE(counts.begin(*read_interface("wpabove")));
  EXPECT_TRUE(counts.read()->link_up);
  EXPECT_EQ(counts.read()->link_downs, 0u);
  flap("wpabove");
  EXPECT_EQ(counts.read()->link_downs, 1u);
  shell("ip link set wpabove down");
  EXPECT_FALSE(counts.read()->link_up);
  EXPECT_EQ(counts.read()->link_downs, 2u);
  shell("ip link set wpabove up");
  flap(veth.far());
  EXPECT_GE(counts.read()->link_downs, 3u) << "one kind does not hide behind the other";
}

TEST_F(InterfaceCountsTest, AFlapOfTheInterfaceBelowIsSeenAbove) {
  VethPair veth;
  shell(fmt::format("ip link add link {} name wpabove type macvlan", veth.near()));
  shell("ip link set wpabove up");
  InterfaceCounts counts;
  ASSERT_TRUE(counts.begin(*read_interface("wpabove")));
  EXPECT_EQ(counts.read()->link_downs, 0u);
  flap(veth.far());
  EXPECT_GE(counts.read()->link_downs, 1u);
}

TEST_F(InterfaceCountsTest, FailsWhenTheInterfaceIsGone) {
  VethPair veth;
  InterfaceCounts counts;
  ASSERT_TRUE(counts.begin(*read_interface(veth.near())));
  shell(fmt::format("ip link del {}", veth.near()));
  const auto gone = counts.read();
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().kind, ErrorKind::kPrecondition);
}

}  // namespace
}  // namespace wireproof
