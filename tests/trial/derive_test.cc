#include "trial/derive.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

DirectionResult sound_direction() {
  DirectionResult direction{.from = "a", .to = "b"};
  direction.counts = {.intended = 1000,
                      .offered = 990,
                      .unsent = 10,
                      .received = 983,
                      .unique = 980,
                      .lost = 10,
                      .duplicate = 3};
  direction.attribution = {
      .tx_shortfall = 10, .tx_ring = 1, .dut = 4, .rx_ring = 2, .rx_nic = 2, .late = 1};
  return direction;
}

TEST(Identities, HoldForSoundCounts) {
  EXPECT_EQ(check_identities(sound_direction()), "");
}

TEST(Identities, EachBrokenOneIsNamed) {
  const auto broken = [](auto change) {
    DirectionResult direction = sound_direction();
    change(direction);
    return check_identities(direction);
  };
  EXPECT_EQ(broken([](auto& d) { d.counts.intended = 1001; }),
            "intended 1001 is not offered 990 + unsent 10");
  EXPECT_EQ(broken([](auto& d) { d.attribution.tx_shortfall = 9; }),
            "unsent 10 is not the shortfall attributed, 9");
  EXPECT_EQ(broken([](auto& d) { d.counts.unique = 981; }),
            "offered 990 is not unique 981 + lost 10");
  EXPECT_EQ(broken([](auto& d) { d.counts.received = 984; }),
            "received 984 is not unique 980 + duplicate 3");
  EXPECT_EQ(broken([](auto& d) { d.attribution.dut = 5; }),
            "lost 10 is not what is attributed: tx ring 1 + device 5 + rx ring 2 + rx NIC 2 + late "
            "1 + readdressed 0 + not attributable 0");
}

// 2^64 - 1 + 1 wraps to 0: a sum that only compares totals would call this sound.
TEST(Identities, AWrappedSumIsNotASum) {
  DirectionResult direction{.from = "a", .to = "b"};
  direction.counts.unsent = ~0ull;
  direction.counts.offered = 1;
  EXPECT_NE(check_identities(direction), "");
}

TEST(Identities, WithoutAReceiverOnlyTheSenderIsAsked) {
  DirectionResult direction;
  direction.counts = {.intended = 10, .offered = 9, .unsent = 1};
  direction.attribution = {.tx_shortfall = 1};
  EXPECT_EQ(check_identities(direction), "");
  direction.attribution.tx_shortfall = 0;
  EXPECT_NE(check_identities(direction), "");
}

TEST(LossRatio, OfNothingIsNone) {
  EXPECT_EQ(loss_ratio(Counts{}), 0.0);
}

TEST(LossRatio, WeighsDirectionsByTheirFrames) {
  TrialResult result;
  result.directions.resize(2);
  result.directions[0].counts = {.offered = 900, .lost = 9};
  result.directions[1].counts = {.offered = 100, .lost = 11};
  EXPECT_DOUBLE_EQ(loss_ratio(result), 0.02);
}

TEST(Rates, AreTheLowestDirectionsOverTheMeasuredDuration) {
  TrialResult result;
  EXPECT_EQ(offered_fps(result), 0.0);
  result.duration = 2 * kSecond;
  EXPECT_EQ(forwarding_fps(result), 0.0);
  result.directions.resize(2);
  result.directions[0].counts = {.offered = 2000, .received = 1990, .unique = 1980};
  result.directions[1].counts = {.offered = 1900, .received = 1990, .unique = 1900};
  EXPECT_DOUBLE_EQ(offered_fps(result), 950.0);
  EXPECT_DOUBLE_EQ(forwarding_fps(result), 950.0);
  result.duration = 0;
  EXPECT_EQ(offered_fps(result), 0.0);
}

// RFC 2544 appendix B prints these for 10 Mbit/s Ethernet, rounded down; the others are the same
// definition at other speeds.
TEST(LineRate, AgreesWithRfc2544) {
  struct Row {
    double line_bps, frame_size, fps;
  };
  const Row rows[] = {
      {10e6, 64, 14880.952380952382},    {10e6, 128, 8445.945945945947},
      {10e6, 256, 4528.985507246377},    {10e6, 512, 2349.624060150376},
      {10e6, 768, 1586.2944162436547},   {10e6, 1024, 1197.3180076628353},
      {10e6, 1280, 961.5384615384615},   {10e6, 1518, 812.7438231469441},
      {1e9, 64, 1488095.238095238},      {10e9, 64, 14880952.38095238},
      {10e9, 1518, 812743.823146944},    {25e9, 64, 37202380.952380955},
      {40e9, 9216, 541359.8960588999},   {100e9, 64, 148809523.80952382},
      {100e9, 1518, 8127438.231469441},  {200e9, 1522, 16212710.765239948},
      {400e9, 2048, 24177949.709864605}, {400e9, 9216, 5413598.960589},
  };
  for (const Row& row : rows) {
    EXPECT_NEAR(line_rate_fps(row.line_bps, row.frame_size), row.fps, row.fps * 1e-12);
    EXPECT_NEAR(layer1_bps(row.fps, row.frame_size), row.line_bps, row.line_bps * 1e-12);
  }
}

// What an IP packet has: the frame without its Ethernet header, its tag and the FCS.
TEST(LineRate, Layer3LeavesTheEthernetHeaderOut) {
  EXPECT_DOUBLE_EQ(layer3_bps(1000, 64, false), 8 * 46'000.0);
  EXPECT_DOUBLE_EQ(layer3_bps(1000, 68, true), 8 * 46'000.0);
}

TEST(LineRate, Layer2LeavesTheGapOut) {
  EXPECT_DOUBLE_EQ(layer2_bps(1000, 64), 512000);
  EXPECT_DOUBLE_EQ(layer1_bps(1000, 64), 672000);
}

TEST(Derive, WhatShortTrialsWouldHaveAnswered) {
  SearchResult search;
  search.spec.trial_duration = kSecond;
  search.spec.final_duration = 60 * kSecond;
  const auto add = [&search](double fps, Nanoseconds duration, std::uint64_t lost,
                             bool valid = true) {
    TrialResult trial{.spec = {.intended_fps = fps, .duration = duration}};
    trial.verdict = !valid ? Verdict::kInvalid : lost > 0 ? Verdict::kFail : Verdict::kPass;
    trial.directions.push_back({.from = "a", .to = "b"});
    Counts& counts = trial.directions[0].counts;
    counts = {.intended = 1000, .offered = 1000, .unique = 1000 - lost, .lost = lost};
    trial.directions[0].attribution.dut = lost;
    search.trials.push_back(trial);
  };
  EXPECT_FALSE(by_short_trials_fps(search));
  add(100, kSecond, 0);
  add(104, kSecond, 0);
  add(103, 60 * kSecond, 5);  // of the full length: not asked
  add(105, kSecond, 0, false);
  add(110, kSecond, 7);
  add(120, kSecond, 0);  // a fluke above
  EXPECT_EQ(by_short_trials_fps(search), 104);
  search.spec.goal.loss_ratio = 0.01;
  EXPECT_EQ(by_short_trials_fps(search), 120);
  search.spec.trial_duration = 60 * kSecond;
  EXPECT_FALSE(by_short_trials_fps(search));
}

}  // namespace
}  // namespace wireproof
