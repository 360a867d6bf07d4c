#include "search/disturbance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "search/goals_of_the_field.h"
#include "search/mlr.h"
#include "search/simulated_device.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kShortest = 10 * kMillisecond;

TEST(Disturbance, ATrialHasTheChanceThatLongOnesSpeakForAndShortOnesAgainst) {
  Disturbance host;
  EXPECT_EQ(host.chance(kSecond), 1);
  host.took(kSecond, false);
  EXPECT_EQ(host.chance(kSecond), 0.5);
  EXPECT_EQ(host.chance(2 * kSecond), 0.5);
  EXPECT_EQ(host.chance(kSecond / 2), 1);  // of that nothing is known
  host.took(kSecond / 4, true);
  EXPECT_EQ(host.chance(kSecond), 0.5);  // a short one says nothing for a long one
  host.took(2 * kSecond, true);
  EXPECT_NEAR(host.chance(kSecond), 2.0 / 3, 1e-9);
}

TEST(Disturbance, TrialsGetShorterAsLongOnesComeToNothingAndLongerAgain) {
  Disturbance host;
  EXPECT_EQ(host.longest(kSecond, kShortest), kSecond);
  host.took(kSecond, false);
  EXPECT_EQ(host.longest(kSecond, kShortest), kSecond);  // once is chance
  host.took(kSecond, false);
  EXPECT_EQ(host.longest(kSecond, kShortest), kSecond / 4);
  EXPECT_EQ(host.longest(kSecond, kSecond / 3), kSecond);  // where shorter ones say nothing
  for (int i = 0; i < 2; ++i) host.took(kSecond / 4, false);
  EXPECT_EQ(host.longest(kSecond, kShortest), kSecond / 16);
  for (int i = 0; i < 9; ++i) host.took(kSecond / 16, false);
  EXPECT_EQ(host.longest(kSecond, kShortest), kSecond / 16);  // and no shorter
  for (int i = 0; i < 16; ++i) host.took(kSecond, true);      // what was is forgotten
  EXPECT_EQ(host.longest(kSecond, kShortest), kSecond);
}

TEST(Disturbance, WhatTheHostDidIsSaidOfTheCoreThatWasAwayTheLongest) {
  TrialResult trial;
  trial.duration = 2 * kSecond;
  trial.directions.resize(2);
  PreemptionSummary& sends = trial.directions[1].pacing.preemptions;
  sends.total = 29 * kMillisecond;
  sends.max = 90 * kMicrosecond;
  EXPECT_EQ(taken_away(trial), "");  // as on any host
  sends.max = 4 * kMillisecond;
  EXPECT_EQ(
      taken_away(trial),
      "the host took the sender's core away for 29.000 ms of 2.000 s, 4.000 ms of it at once");
  trial.directions[0].receive_preemptions = {.total = 12 * kMillisecond, .max = 6 * kMillisecond};
  EXPECT_EQ(
      taken_away(trial),
      "the host took the receiver's core away for 12.000 ms of 2.000 s, 6.000 ms of it at once");
}

// A device of 20,000 frames/s with room for five, by a host that takes the sender's core away.
struct Host {
  double times_a_second = 0;
  Nanoseconds each = 0;
  Nanoseconds trial = kSecond;
  Nanoseconds limit = 0;
};

struct Answers {
  int regular = 0;
  double lowest = 1e18, highest = 0;  // lower bounds
  double upper_lowest = 1e18, upper_highest = 0;
  double trials = 0;  // mean
  Nanoseconds longest = 0;
  SearchResult one;  // that is not regular
};

constexpr int kHosts = 50;
constexpr double kPoliced = 20'000;

Answers searched_by(const Host& host) {
  auto of = goals::rfc2544();
  of[0].min_fps = 1;
  of[0].max_fps = 0;
  of[0].trial_duration = of[0].final_duration = of[0].duration_sum = host.trial;
  of[0].time_limit = host.limit;
  Answers all;
  for (std::uint64_t seed = 0; seed < kHosts; ++seed) {
    FakeClock clock;
    SimulatedTester tester(device::ideal(kPoliced, 5), clock, seed);
    tester.tester_max_fps = 1e6;
    tester.preemptions_per_second = host.times_a_second;
    tester.preemption = host.each;
    tester.device_room = 5;
    const auto found = mlr_search(of, tester, clock);
    EXPECT_TRUE(found);
    const SearchResult& answer = found->front();
    EXPECT_LE(tester.asked.size(), mlr_trials_max(of));
    all.regular += answer.regular;
    all.trials += static_cast<double>(tester.asked.size()) / kHosts;
    all.longest = std::max(all.longest, clock.now());
    if (answer.lower_bound_fps) {
      all.lowest = std::min(all.lowest, *answer.lower_bound_fps);
      all.highest = std::max(all.highest, *answer.lower_bound_fps);
    } else {
      all.lowest = 0;
    }
    if (answer.upper_bound_fps) {
      all.upper_lowest = std::min(all.upper_lowest, *answer.upper_bound_fps);
      all.upper_highest = std::max(all.upper_highest, *answer.upper_bound_fps);
    } else {
      all.upper_highest = 1e18;
    }
    if (!answer.regular) all.one = answer;
  }
  return all;
}

void expect_within_one_per_cent(const Answers& all) {
  EXPECT_GE(all.lowest, kPoliced * 0.99);
  EXPECT_LE(all.highest, kPoliced * 1.01);
  EXPECT_GE(all.upper_lowest, kPoliced * 0.99);
  EXPECT_LE(all.upper_highest, kPoliced * 1.012);
}

TEST(DisturbedHost, SeldomItCostsATrialAndNotTheAnswer) {
  const Answers all = searched_by({.times_a_second = 0.3, .each = 2 * kMillisecond});
  EXPECT_EQ(all.regular, kHosts);
  expect_within_one_per_cent(all);
  EXPECT_LE(all.trials, 5);
}

// Seven of eight trials of a second are disturbed.
TEST(DisturbedHost, OftenItCostsTrialsAndNotTheAnswer) {
  const Answers all = searched_by({.times_a_second = 2, .each = 2 * kMillisecond});
  EXPECT_GE(all.regular, kHosts * 9 / 10);
  expect_within_one_per_cent(all);
  EXPECT_LE(all.trials, 16);
}

// One trial of a second in eighty comes to something: short ones find both bounds, the search says
// that it could not confirm them, and what the host did.
TEST(DisturbedHost, AlmostAlwaysItIsBoundedAndSaysWhatTheHostDid) {
  const Answers all = searched_by({.times_a_second = 4.4, .each = 8 * kMillisecond});
  expect_within_one_per_cent(all);
  EXPECT_LT(all.regular, kHosts / 2);
  EXPECT_LE(all.longest, 90 * kSecond);  // of which most goes to what would decide
  EXPECT_NE(all.one.reason.find("could not guarantee the trials that decide"), std::string::npos)
      << all.one.reason;
  EXPECT_NE(all.one.reason.find("the host took the sender's core away for "), std::string::npos)
      << all.one.reason;
  EXPECT_LT(all.one.final_trial->spec.duration, kSecond);
}

TEST(DisturbedHost, WithinATimeLimitItHasItsBoundsFirst) {
  const Answers all = searched_by({.times_a_second = 4.4,
                                   .each = 8 * kMillisecond,
                                   .trial = 2 * kSecond,
                                   .limit = 40 * kSecond});
  expect_within_one_per_cent(all);
  EXPECT_LE(all.longest, 40 * kSecond);
}

// Lower loads would be disturbed as often: it does not go down to where a trial passes by luck.
TEST(DisturbedHost, ItDoesNotGoDownForWhatTheHostDoes) {
  for (const double times : {1.0, 2.0, 3.0, 4.4, 6.0}) {
    const Answers all = searched_by({.times_a_second = times, .each = 3 * kMillisecond});
    EXPECT_GE(all.lowest, kPoliced * 0.99) << times;
  }
}

}  // namespace
}  // namespace wireproof
