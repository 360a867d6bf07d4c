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

TEST(CorePlan, IsolatedCoresLeaveOneToTheHost) {
  const auto plan = plan_cores({.allowed = {0, 1, 2, 3}, .isolate = true});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->tx, CpuList{3});
  EXPECT_EQ(plan->rx, CpuList{1});
  EXPECT_EQ(plan->control, (CpuList{0, 2}));
  EXPECT_EQ(plan->with_loops(), (CpuList{1, 3}));
  const auto near = plan_cores({.allowed = {0, 1, 2, 3}, .near = {2, 3}, .isolate = true});
  ASSERT_TRUE(near.has_value());
  EXPECT_EQ(near->with_loops(), (CpuList{2, 3}));
  EXPECT_EQ(near->control, (CpuList{0, 1}));
  const auto lowest = plan_cores({.allowed = {0, 1, 2, 3}, .near = {0, 1}, .isolate = true});
  ASSERT_TRUE(lowest.has_value());
  EXPECT_EQ(lowest->with_loops(), CpuList{1});
  const auto two = plan_cores({.allowed = {0, 1}, .isolate = true});
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(two->with_loops(), CpuList{1});
  EXPECT_TRUE(two->shared);
}

TEST(CorePlan, IsolatedCoresAreNeverAll) {
  const auto asked =
      plan_cores({.allowed = {0, 1}, .tx_cores = {1}, .rx_cores = {0}, .isolate = true});
  ASSERT_FALSE(asked.has_value());
  EXPECT_EQ(asked.error().kind, ErrorKind::kUsage);
  EXPECT_EQ(asked.error().message,
            "--isolate: the loops need all cores that this process may use: 0,1");
  EXPECT_FALSE(plan_cores({.allowed = {5}, .isolate = true}).has_value());
}

}  // namespace
}  // namespace wireproof
