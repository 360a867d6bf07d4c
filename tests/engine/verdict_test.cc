#include "engine/verdict.h"

#include <gtest/gtest.h>

#include "trial/derive.h"

namespace wireproof {
namespace {

TrialResult trial_with(const Counts& counts, const Attribution& where, double goal = 0) {
  TrialResult result;
  result.spec.goal_loss_ratio = goal;
  DirectionResult one{.from = "a", .to = "b", .counts = counts, .attribution = where};
  result.directions.push_back(one);
  judge(result, {.unsent_ratio = 0.001, .burst = 32});
  return result;
}

TEST(Verdict, LossOutsideTheTesterFails) {
  const auto result = trial_with(
      {.intended = 1000, .offered = 1000, .received = 990, .unique = 990, .lost = 10}, {.dut = 10});
  EXPECT_EQ(result.verdict, Verdict::kFail);
}

TEST(Verdict, LossWithinTheGoalPasses) {
  const auto result =
      trial_with({.intended = 1000, .offered = 1000, .received = 990, .unique = 990, .lost = 10},
                 {.dut = 10}, 0.01);
  EXPECT_EQ(result.verdict, Verdict::kPass);
}

TEST(Verdict, ShortfallIsToleratedUpToOneBurstOrAThousandth) {
  Counts counts{.intended = 1000, .offered = 968, .unsent = 32, .received = 968, .unique = 968};
  EXPECT_EQ(trial_with(counts, {.tx_shortfall = 32}).verdict, Verdict::kPass);
  counts = {.intended = 1000, .offered = 967, .unsent = 33, .received = 967, .unique = 967};
  EXPECT_EQ(trial_with(counts, {.tx_shortfall = 33}).verdict, Verdict::kInvalid);
  counts = {
      .intended = 100'000, .offered = 99'900, .unsent = 100, .received = 99'900, .unique = 99'900};
  EXPECT_EQ(trial_with(counts, {.tx_shortfall = 100}).verdict, Verdict::kPass);
}

TEST(Verdict, OurOwnDropsAreNeverTheDevices) {
  const Counts counts{
      .intended = 1000, .offered = 1000, .received = 990, .unique = 990, .lost = 10};
  for (const Attribution& where :
       {Attribution{.tx_ring = 1, .dut = 9}, Attribution{.dut = 9, .rx_ring = 1},
        Attribution{.dut = 9, .rx_nic = 1}, Attribution{.not_attributable = 10}}) {
    const auto result = trial_with(counts, where);
    EXPECT_EQ(result.verdict, Verdict::kInvalid);
    EXPECT_NE(result.reason, "");
  }
}

TEST(Verdict, FramesThatCameToAnotherAddressAreNamedAndNotTheDevices) {
  TrialResult result;
  result.directions.push_back({.from = "a",
                               .to = "b",
                               .counts = {.intended = 1000,
                                          .offered = 1000,
                                          .received = 990,
                                          .unique = 990,
                                          .lost = 10,
                                          .readdressed = 10},
                               .attribution = {.readdressed = 10},
                               .readdressed_to = "198.18.0.77:9"});
  judge(result, {});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_NE(result.reason.find("10 of this trial's frames arrived at 198.18.0.77:9"),
            std::string::npos)
      << result.reason;
}

// Losses that bursts of ours explain are nobody's: what is left of them decides, where it can.
TEST(Verdict, WhatALinkTookWithItIsMeasuredAndMustAddUp) {
  TrialResult result;
  result.spec.goal_loss_ratio = 1;
  result.directions.push_back({.from = "a",
                               .to = "b",
                               .counts = {.intended = 1000,
                                          .offered = 900,
                                          .unsent = 100,
                                          .received = 700,
                                          .unique = 700,
                                          .lost = 200},
                               .attribution = {.tx_shortfall = 100, .not_attributable = 200}});
  judge(result, {.link_went = false});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  result.reason.clear();
  judge(result, {.link_went = true});
  EXPECT_EQ(result.verdict, Verdict::kPass) << result.reason;
  result.directions[0].counts.unique = 701;
  judge(result, {.link_went = true});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_EQ(result.reason.rfind("accounting: ", 0), 0u) << result.reason;
}

TEST(Verdict, LossesBehindOurOwnBurstsDecideNothing) {
  const auto judged = [](std::uint64_t behind, double goal) {
    TrialResult result;
    result.spec.goal_loss_ratio = goal;
    DirectionResult one{
        .from = "a",
        .to = "b",
        .counts = {.intended = 1000, .offered = 1000, .received = 990, .unique = 990, .lost = 10},
        .attribution = {.dut = 10 - behind, .not_attributable = behind}};
    one.pacing.lost_behind = behind;
    one.pacing.burst_max = 40;
    one.pacing.burst_room = 3;
    result.directions.push_back(one);
    judge(result, {});
    return result;
  };
  EXPECT_EQ(judged(9, 0).verdict, Verdict::kFail);  // the tenth is the device's
  EXPECT_EQ(judged(10, 0).verdict, Verdict::kInvalid);
  EXPECT_NE(judged(10, 0).reason.find("bursts of up to 40 "), std::string::npos);
  EXPECT_NE(judged(10, 0).reason.find("more than 3 frames"), std::string::npos);
  EXPECT_EQ(judged(10, 0.01).verdict, Verdict::kPass);  // met, whoever lost them
  EXPECT_EQ(judged(4, 0.005).verdict, Verdict::kFail);
  EXPECT_EQ(judged(6, 0.005).verdict, Verdict::kInvalid);
}

// A direction of which nothing can be told hides no loss of the other, whichever comes first.
TEST(Verdict, ACertainLossFailsBesideAnUncertainOne) {
  const Counts lossy{.intended = 1000, .offered = 1000, .received = 990, .unique = 990, .lost = 10};
  TrialResult result;
  for (const std::size_t uncertain : {0, 1}) {
    result.directions.assign(2, {.from = "a", .to = "b", .counts = lossy});
    result.directions[uncertain].pacing.lost_behind = 10;
    EXPECT_EQ(verdict_by_loss(result, 0), Verdict::kFail) << uncertain;
    result.directions[1 - uncertain].pacing.lost_behind = 10;
    EXPECT_EQ(verdict_by_loss(result, 0), Verdict::kInvalid);
    EXPECT_EQ(verdict_by_loss(result, 0.01), Verdict::kPass);
  }
}

TEST(Verdict, NumbersThatDoNotAddUpAreInvalid) {
  const auto result = trial_with({.intended = 10, .offered = 10, .received = 9, .unique = 9}, {});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_NE(result.reason.find("accounting"), std::string::npos);
}

// Frames that came so late that their numbers say nothing may be any of the lost.
TEST(Verdict, WhatCannotBeToldApartIsNotGuaranteed) {
  Counts counts{.intended = 1000, .offered = 1000, .received = 990, .unique = 990, .lost = 10};
  counts.unclassified = 1;
  const auto result = trial_with(counts, {.dut = 10});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_NE(result.reason.find("window"), std::string::npos) << result.reason;
  counts.lost = 0;
  counts.received = counts.unique = 1000;
  EXPECT_EQ(trial_with(counts, {}).verdict, Verdict::kInvalid);
}

// 1 % is allowed: of the sum 10 of 2,000 were lost, and of one direction's thousand all of them.
TEST(Verdict, EachDirectionMeetsTheGoalByItself) {
  TrialResult result;
  result.spec.goal_loss_ratio = 0.0099;
  const Counts clean{.intended = 1000, .offered = 1000, .received = 1000, .unique = 1000};
  const Counts lossy{.intended = 1000, .offered = 1000, .received = 990, .unique = 990, .lost = 10};
  for (const bool first : {false, true}) {
    result.directions = {{.from = "a", .to = "b", .counts = clean},
                         {.from = "b", .to = "a", .counts = clean}};
    result.directions[first ? 0 : 1].counts = lossy;
    result.directions[first ? 0 : 1].attribution = {.dut = 10};
    result.reason.clear();
    EXPECT_EQ(verdict_by_loss(result, 0.0099), Verdict::kFail) << first;
    EXPECT_EQ(verdict_by_loss(result, 0.01), Verdict::kPass) << first;
    judge(result, {});
    EXPECT_EQ(result.verdict, Verdict::kFail) << first;
  }
}

TEST(Verdict, SendingAloneIsJudgedBySending) {
  TrialResult result;
  result.directions.push_back({.from = "a", .counts = {.intended = 10, .offered = 10}});
  judge(result, {});
  EXPECT_EQ(result.verdict, Verdict::kPass);
}

TEST(Verdict, OneDirectionThatSentNothingIsNoPass) {
  TrialResult result;
  for (const std::uint64_t frames : {1000u, 0u}) {
    const Counts counts{
        .intended = frames, .offered = frames, .received = frames, .unique = frames};
    result.directions.push_back({.from = "a", .to = "b", .counts = counts});
  }
  judge(result, {.unsent_ratio = 0.001, .burst = 32});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_EQ(result.reason, "no frame was sent");
}

TEST(Verdict, OfNoFrameNothingIsSaid) {
  EXPECT_EQ(trial_with({}, {}).verdict, Verdict::kInvalid);
  EXPECT_EQ(trial_with({}, {}).reason, "no frame was sent");
  TrialResult result;
  result.interrupted = true;
  result.directions.push_back({.from = "a", .to = "b"});
  judge(result, {});
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_EQ(result.reason, "interrupted before a frame was sent");
}

TEST(Verdict, LossIsThatOfAllDirectionsAndEachIsNamed) {
  TrialResult result;
  const Counts there{.intended = 1000, .offered = 1000, .received = 990, .unique = 990, .lost = 10};
  const Counts back{.intended = 2000, .offered = 2000, .received = 1997, .unique = 1997, .lost = 3};
  result.directions = {{.from = "a", .to = "b", .counts = there, .attribution = {.dut = 10}},
                       {.from = "b", .to = "a", .counts = back, .attribution = {.dut = 3}}};
  judge(result, {});
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_EQ(result.reason,
            "13 of 3,000 offered frames were lost: a -> b 10 of 1,000, b -> a 3 of 2,000");
  result.reason.clear();
  result.directions[1].attribution = {.rx_ring = 3};
  judge(result, {});
  EXPECT_EQ(result.reason,
            "rx ring: up to 3 frames were dropped by the tester's own receive ring (b -> a)");
}

TEST(Verdict, AShortfallSaysWhatWouldHelp) {
  TrialResult result;
  DirectionResult one{.from = "a",
                      .to = "b",
                      .counts = {.intended = 1000, .offered = 900, .unsent = 100},
                      .attribution = {.tx_shortfall = 100}};
  one.counts.unique = one.counts.received = 900;
  one.pacing.gap_target = 10'000;
  one.pacing.lateness_max = 1'320'000;  // 132 frames and the one that is due
  one.pacing.stalls = 1;
  result.directions = {one};
  judge(result, {});
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_NE(result.notes[0].find("--burst 256 catches up"), std::string::npos) << result.notes[0];
  EXPECT_NE(result.notes[0].find("wireproof doctor"), std::string::npos);
  EXPECT_NE(result.notes[0].find("--isolate"), std::string::npos);
  // No burst is long enough for a load that is simply too much.
  result.reason.clear();
  result.notes.clear();
  result.directions[0].pacing.lateness_max = kSecond;
  judge(result, {});
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_EQ(result.notes[0].find("--burst"), std::string::npos) << result.notes[0];
  EXPECT_NE(result.notes[0].find("--tx-cores"), std::string::npos);
  // Nor is one advised that is allowed already.
  result.reason.clear();
  result.notes.clear();
  result.directions[0].pacing.lateness_max = 1'320'000;
  judge(result, {.burst_allowed = 1024, .isolated = true});
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_EQ(result.notes[0].find("--burst"), std::string::npos) << result.notes[0];
  EXPECT_EQ(result.notes[0].find("--isolate"), std::string::npos) << result.notes[0];
}

// An interface may be called so.
TEST(Verdict, AReceiverNamedNoneIsAReceiver) {
  TrialResult result;
  result.directions.push_back(
      {.from = "a",
       .to = "none",
       .counts = {.intended = 10, .offered = 10, .received = 5, .unique = 5, .lost = 5},
       .attribution = {.dut = 5}});
  judge(result, {});
  EXPECT_EQ(result.verdict, Verdict::kFail);
}

}  // namespace
}  // namespace wireproof
