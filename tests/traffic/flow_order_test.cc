#include "traffic/flow_order.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"

namespace wireproof {
namespace {

TEST(FlowOrder, NumbersRunFromZeroInEverySpaceAndFlowsBelongToTheirGroup) {
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    const auto flows = static_cast<std::uint32_t>(1 + random.below(500));
    const auto groups = static_cast<std::uint32_t>(1 + random.below(flows));
    const FlowOrder order(
        {.flows = flows, .groups = groups, .group_count = groups, .permuted = random.chance(0.8)});
    std::map<std::uint32_t, std::uint64_t> next;
    std::set<std::uint32_t> seen;
    auto cursor = order.start();
    const auto frames = random.below(3000);
    for (std::uint64_t i = 0; i < frames; ++i) {
      const std::uint32_t group = order.group(cursor);
      const std::uint32_t flow = order.flow(cursor);
      ASSERT_LT(flow, flows);
      ASSERT_EQ(flow % groups, group);
      ASSERT_EQ(cursor.cycle, next[group]++);
      seen.insert(flow);
      order.advance(cursor);
    }
    EXPECT_EQ(order.distinct_flows(cursor), seen.size());
    const auto sent = order.sent_per_group(cursor);
    for (std::uint32_t group = 0; group < groups; ++group) EXPECT_EQ(sent[group], next[group]);
  }
}

TEST(FlowOrder, EveryFlowIsVisitedOnceBeforeAnyTwice) {
  const FlowOrder order({.flows = 1000, .groups = 1000, .group_count = 1000});
  std::set<std::uint32_t> seen;
  auto cursor = order.start();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(order.flow(cursor)).second);
    order.advance(cursor);
  }
  EXPECT_EQ(order.flow(cursor), 0u);
}

TEST(FlowOrder, PermutedSpreadsNeighboursAndSequentialCountsUp) {
  for (const bool permuted : {false, true}) {
    const FlowOrder order({.flows = 100, .groups = 100, .group_count = 100, .permuted = permuted});
    auto cursor = order.start();
    for (std::uint32_t i = 0; i < 100; ++i) {
      // 61 is near the golden section of a hundred and has no divisor in common with it.
      EXPECT_EQ(order.flow(cursor), permuted ? i * 61 % 100 : i);
      order.advance(cursor);
    }
  }
}

// Ten flows in four spaces: two of three members, then two of two. The second of two workers has
// the small ones, so that three rounds show it four flows.
TEST(FlowOrder, ALaterWorkerCountsItsOwnFlows) {
  for (const std::uint32_t worker : {0u, 1u}) {
    const FlowOrder order({.flows = 10, .groups = 4, .group_first = 2 * worker, .group_count = 2});
    std::set<std::uint32_t> seen;
    auto cursor = order.start();
    while (cursor.cycle < 3) {
      seen.insert(order.flow(cursor));
      order.advance(cursor);
    }
    EXPECT_EQ(seen.size(), worker == 0 ? 6u : 4u);
    EXPECT_EQ(order.distinct_flows(cursor), seen.size());
  }
}

TEST(FlowOrder, WorkersShareTheGroupsBetweenThem) {
  std::set<std::uint32_t> seen;
  for (std::uint32_t worker = 0; worker < 3; ++worker) {
    const FlowOrder order({.flows = 10,
                           .groups = 10,
                           .group_first = 10 * worker / 3,
                           .group_count = 10 * (worker + 1) / 3 - 10 * worker / 3});
    auto cursor = order.start();
    while (cursor.cycle == 0) {
      EXPECT_TRUE(seen.insert(order.flow(cursor)).second);
      order.advance(cursor);
    }
  }
  EXPECT_EQ(seen.size(), 10u);
}

}  // namespace
}  // namespace wireproof
