#include "engine/frame_cost.h"

#include <gtest/gtest.h>

#include "traffic/profile.h"

namespace wireproof {
namespace {

// What the times are is the machine's business; that they are of the right work is ours.
void expect_all_unique(const FrameCostSpec& spec) {
  const MonotonicClock clock;
  const auto cost = measure_frame_cost(spec, clock);
  ASSERT_TRUE(cost.has_value()) << cost.error().message;
  EXPECT_EQ(cost->sent, spec.blocks * kCostBlockFrames);
  EXPECT_EQ(cost->received.unique, cost->sent);
  EXPECT_EQ(cost->received.reordered, 0u);
  EXPECT_EQ(cost->received.duplicate, 0u);
  EXPECT_EQ(cost->received.late, 0u);
  EXPECT_EQ(cost->received.stale, 0u);
  EXPECT_EQ(cost->received.corrupt, 0u);
  EXPECT_EQ(cost->received.foreign, 0u);
  EXPECT_EQ(cost->received.misdirected, 0u);
  EXPECT_EQ(cost->received.unclassified, 0u);
  EXPECT_GT(cost->tx_ns, 0);
  EXPECT_GT(cost->rx_ns, 0);
  EXPECT_GE(cost->tx_ns_median, cost->tx_ns);
  EXPECT_GE(cost->rx_ns_median, cost->rx_ns);
}

TEST(FrameCost, EveryFrameIsCountedOnceAtEverySize) {
  for (const std::uint32_t size : {64u, 512u, 1518u, 9018u}) {
    expect_all_unique({.sizes = {size}, .blocks = 8});
  }
  expect_all_unique({.sizes = *parse_size_mix("imix"), .blocks = 8});
}

TEST(FrameCost, AndWithAnyNumberOfFlows) {
  for (const std::uint32_t flows : {1u, 3u, 1024u, 4096u, 4097u, kFlowsMax}) {
    expect_all_unique({.flows = flows, .blocks = 20});
  }
}

TEST(FrameCost, TakesTheTimeFromTheClockItIsGiven) {
  const FakeClock clock(5 * kSecond);
  const auto cost = measure_frame_cost({.blocks = 3}, clock);
  ASSERT_TRUE(cost.has_value());
  EXPECT_EQ(cost->tx_ns, 0);
  EXPECT_EQ(cost->rx_ns, 0);
  EXPECT_EQ(cost->received.unique, 3 * kCostBlockFrames);
}

TEST(FrameCost, RefusesWhatNoTestCanHave) {
  const FakeClock clock;
  for (const FrameCostSpec& spec : {FrameCostSpec{.sizes = {63}}, FrameCostSpec{.flows = 0},
                                    FrameCostSpec{.flows = kFlowsMax + 1}}) {
    const auto cost = measure_frame_cost(spec, clock);
    ASSERT_FALSE(cost.has_value());
    EXPECT_EQ(cost.error().kind, ErrorKind::kUsage);
  }
}

}  // namespace
}  // namespace wireproof
