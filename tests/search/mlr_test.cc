#include "search/mlr.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "search/goals_of_the_field.h"
#include "search/proven.h"
#include "search/simulated_device.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

constexpr double kCapacity = 1e6;

struct Bench {
  FakeClock clock;
  SimulatedTester tester;
  std::vector<SearchSpec> goals;

  explicit Bench(std::vector<SearchSpec> of, DeviceModel device = device::ideal(kCapacity))
      : tester(std::move(device), clock), goals(std::move(of)) {}

  std::vector<SearchResult> run(const MlrProgress& progress = {}) {
    auto found = mlr_search(goals, tester, clock, progress);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *std::move(found) : std::vector<SearchResult>(goals.size());
  }
};

std::size_t at(const std::vector<TrialSpec>& asked, double fps) {
  return static_cast<std::size_t>(std::count_if(
      asked.begin(), asked.end(), [&](const TrialSpec& one) { return one.intended_fps == fps; }));
}

TEST(Mlr, OneLoadIsAnUpperBoundOfOneGoalAndALowerOneOfTheOther) {
  Bench bench(goals::csit());
  const auto found = bench.run();
  ASSERT_TRUE(found[0].regular && found[1].regular);
  EXPECT_EQ(found[0].upper_bound_fps, found[1].lower_bound_fps);
  // Eleven seconds of 21 decide a load where half of them may lose more.
  EXPECT_EQ(at(bench.tester.asked, *found[0].lower_bound_fps), 11u);
  EXPECT_EQ(at(bench.tester.asked, *found[0].upper_bound_fps), 11u);
  EXPECT_EQ(at(bench.tester.asked, *found[1].upper_bound_fps), 11u);
  EXPECT_EQ(found[0].trials.size(), bench.tester.asked.size());
  EXPECT_EQ(found[1].trials.size(), bench.tester.asked.size());
  EXPECT_EQ(found[0].conditional_throughput_fps, found[0].lower_bound_fps);
  // What came back there of the frames that were too many.
  EXPECT_NEAR(*found[1].conditional_throughput_fps, kCapacity, 1);
}

TEST(Mlr, TheNumberIsConfirmedByATrialOfTheFinalDurationAndOnlyThat) {
  Bench bench(goals::rfc2544());
  const SearchResult found = bench.run()[0];
  ASSERT_TRUE(found.regular);
  EXPECT_EQ(found.final_trial->spec.duration, 60 * kSecond);
  EXPECT_EQ(found.final_trial->spec.intended_fps, *found.lower_bound_fps);
  EXPECT_EQ(bench.tester.asked.back().duration, 60 * kSecond);
  for (std::size_t i = 0; i + 1 < bench.tester.asked.size(); ++i)
    EXPECT_EQ(bench.tester.asked[i].duration, kSecond);
}

// Two full trials of 60 s would decide it, and so do one and a second.
TEST(Mlr, ALoadIsDecidedAgainstByNoMoreTimeThanThatTakes) {
  Bench bench(goals::tst009());
  const SearchResult found = bench.run()[0];
  ASSERT_TRUE(found.regular);
  Nanoseconds against = 0;
  for (const TrialResult& trial : found.trials) {
    if (trial.spec.intended_fps == *found.upper_bound_fps) against += trial.spec.duration;
  }
  EXPECT_GT(against, 60 * kSecond);
  EXPECT_LE(against, 62 * kSecond);
}

TEST(Mlr, WithoutAStatedMaximumItBeginsAsFastAsTheTesterCan) {
  auto of = goals::csit();
  for (SearchSpec& goal : of) goal.max_fps = 0;
  Bench bench(of);
  bench.tester.tester_max_fps = 5e6;
  const auto found = bench.run();
  EXPECT_TRUE(bench.tester.asked.front().max_rate);
  EXPECT_TRUE(found[0].regular && found[1].regular);
  EXPECT_NEAR(*found[0].lower_bound_fps, kCapacity, kCapacity * 0.005);
  // That trial was not paced: it is no bound.
  EXPECT_EQ(std::count_if(found[0].trials.begin(), found[0].trials.end(),
                          [](const TrialResult& trial) { return trial.spec.max_rate; }),
            1);
}

TEST(Mlr, ADeviceFasterThanTheTesterIsAnsweredWithAtLeast) {
  auto of = goals::rfc2544();
  of[0].max_fps = 0;
  Bench bench(of, device::infinite());
  bench.tester.tester_max_fps = 5e6;
  const SearchResult found = bench.run()[0];
  EXPECT_FALSE(found.regular);
  EXPECT_TRUE(found.tester_limited);
  EXPECT_EQ(found.lower_bound_fps, 5e6);
  EXPECT_EQ(found.final_trial->spec.duration, 60 * kSecond);
  EXPECT_EQ(found.reason, "the tester can send no faster");
}

TEST(Mlr, WhatTheTesterCannotOfferIsItsLimitAndNoBound) {
  Bench bench(goals::csit(), device::infinite());
  bench.tester.tester_max_fps = 5e6;
  const auto found = bench.run();
  for (const SearchResult& one : found) {
    EXPECT_FALSE(one.regular);
    EXPECT_TRUE(one.tester_limited);
    EXPECT_FALSE(one.upper_bound_fps);
    EXPECT_NEAR(*one.lower_bound_fps, 5e6, 5e6 * 0.006);
    EXPECT_NE(one.reason.find("cannot guarantee loads from 5,000,000"), std::string::npos)
        << one.reason;
  }
}

TEST(Mlr, AReceiverThatDropsIsTheTestersLimitToo) {
  Bench bench(goals::rfc2544(), device::infinite());
  bench.tester.receive_max_fps = 2e6;
  const SearchResult found = bench.run()[0];
  EXPECT_TRUE(found.tester_limited);
  EXPECT_FALSE(found.upper_bound_fps);
  EXPECT_LE(*found.lower_bound_fps, 2e6 + 1);
  EXPECT_GE(*found.lower_bound_fps, 2e6 * 0.98);
}

TEST(Mlr, ATesterThatNeverGuaranteesAnythingSaysSo) {
  Bench bench(goals::csit());
  bench.tester.invalid_probability = 1;
  for (const SearchResult& one : bench.run()) {
    EXPECT_FALSE(one.regular);
    EXPECT_FALSE(one.lower_bound_fps);
    EXPECT_FALSE(one.upper_bound_fps);
    EXPECT_NE(one.reason.find("cannot guarantee any load"), std::string::npos) << one.reason;
  }
  EXPECT_LE(bench.tester.asked.size(), 60u);
}

TEST(Mlr, ALoadThatWasGuaranteedBeforeIsRetriedLonger) {
  Bench bench(goals::csit());
  bench.tester.invalid_probability = 0.45;  // four in a row at some of the loads
  for (const SearchResult& one : bench.run()) EXPECT_TRUE(one.regular) << one.reason;
}

// Whatever the device carries there is disturbed; what it does not carry still fails.
TEST(Mlr, AboveALoadThatIsAlwaysDisturbedOneThatFailsIsABound) {
  auto of = goals::rfc2544();
  of[0].max_fps = 0;
  of[0].final_duration = of[0].duration_sum = kSecond;
  Bench bench(of);
  bench.tester.tester_max_fps = 5e6;
  bench.tester.disturbed_from_fps = kCapacity * 0.9;
  const SearchResult found = bench.run()[0];
  EXPECT_FALSE(found.regular);
  ASSERT_TRUE(found.upper_bound_fps && found.lower_bound_fps);
  EXPECT_NEAR(*found.upper_bound_fps, kCapacity, kCapacity * 0.011);
  EXPECT_NEAR(*found.lower_bound_fps, kCapacity * 0.9, kCapacity * 0.01);
  EXPECT_NE(found.reason.find("disturbed"), std::string::npos) << found.reason;
}

TEST(Mlr, OneLoadAloneIsTried) {
  for (const double capacity : {kCapacity, kCapacity / 10}) {
    auto of = goals::rfc2544();
    of[0].min_fps = of[0].max_fps = kCapacity / 2;
    Bench bench(of, device::ideal(capacity));
    const SearchResult found = bench.run()[0];
    EXPECT_EQ(found.lower_bound_fps.has_value(), capacity == kCapacity);
    EXPECT_EQ(found.upper_bound_fps.has_value(), capacity != kCapacity);
    EXPECT_FALSE(found.regular);
  }
}

// A tester whose flood shows less than the device carries on a schedule.
TEST(Mlr, ALittleAboveWhatCameBackOfAFloodIsTriedFirst) {
  auto of = goals::rfc2544();
  of[0].max_fps = 0;
  Bench bench(of);
  bench.tester.tester_max_fps = 100e6;
  bench.tester.flood_loses = 20'000;
  const SearchResult found = bench.run()[0];
  EXPECT_TRUE(found.regular) << found.reason;
  for (const TrialSpec& asked : bench.tester.asked) EXPECT_LE(asked.intended_fps, kCapacity * 1.3);
}

// A tester that no trial of full length can be had of.
TEST(Mlr, WhatCannotBeConfirmedIsNotAskedForForEver) {
  struct NeverFull final : Measurer {
    SimulatedTester& inner;
    explicit NeverFull(SimulatedTester& of) : inner(of) {}
    Result<TrialResult> measure(const TrialSpec& spec) override {
      auto trial = inner.measure(spec);
      if (trial && spec.duration >= 60 * kSecond) {
        trial->verdict = Verdict::kInvalid;
        trial->reason = "pre-empted";
      }
      return trial;
    }
  };
  Bench bench(goals::rfc2544());
  NeverFull never(bench.tester);
  const auto found = mlr_search(bench.goals, never, bench.clock);
  ASSERT_TRUE(found);
  const SearchResult& answer = found->front();
  EXPECT_FALSE(answer.regular);
  // What short trials say stands there, and why it is no more than that.
  EXPECT_NEAR(*answer.lower_bound_fps, kCapacity, kCapacity * 0.01);
  EXPECT_EQ(answer.final_trial->spec.duration, kSecond);
  EXPECT_EQ(answer.reason, "the tester could not guarantee the trials that decide: pre-empted");
  EXPECT_LE(bench.tester.asked.size(), 30u);
}

TEST(Mlr, ABurstThatIsLeftOutIsNoPartOfTheAnswer) {
  auto of = goals::rfc2544();
  of[0].min_fps = 10;
  of[0].final_duration = of[0].duration_sum = kSecond;
  Bench bench(of, device::ideal(3'000));
  bench.tester.leaves_out = 60;  // two per cent
  const SearchResult found = bench.run()[0];
  EXPECT_FALSE(found.regular);
  ASSERT_TRUE(found.lower_bound_fps);
  EXPECT_EQ(*found.lower_bound_fps, proven_fps(*found.final_trial));
  EXPECT_EQ(*found.lower_bound_fps, found.final_trial->spec.intended_fps - 60);
}

TEST(Mlr, ALoadOfWhichMoreWasLeftOutThanThePrecisionIsTriedAgain) {
  auto of = goals::rfc2544();
  of[0].min_fps = 10;
  of[0].final_duration = of[0].duration_sum = kSecond;
  Bench bench(of, device::ideal(3'000));
  bench.tester.leaves_out = 60;
  bench.tester.leaves_out_until = 2;  // the highest load, and the first beside the guess
  const SearchResult found = bench.run()[0];
  EXPECT_TRUE(found.regular) << found.reason;
  EXPECT_EQ(bench.tester.asked[1].intended_fps, bench.tester.asked[2].intended_fps);
  EXPECT_EQ(found.lower_bound_fps, bench.tester.asked[1].intended_fps);
}

// A tenth of a percent left out of a load, as a valid trial may: the interval of the loads is
// narrow enough, and that of what was proven is not.
TEST(Mlr, WhatATrialLeftOutMakesNoIntervalTooWide) {
  for (int i = 0; i < 100; ++i) {
    Bench bench({{.max_fps = 148'810,
                  .precision = 0.005,
                  .trial_duration = kSecond,
                  .final_duration = 2 * kSecond}},
                device::ideal(20'000 + 37 * i, 200));
    bench.tester.leaves_out = 40;
    const SearchResult found = bench.run()[0];
    EXPECT_TRUE(found.regular) << i << ": " << found.reason;
    EXPECT_LE(*found.upper_bound_fps - *found.lower_bound_fps, *found.upper_bound_fps * 0.005) << i;
    EXPECT_LE(bench.tester.asked.size(), 30u) << i;
  }
}

TEST(Mlr, ATimeLimitEndsItWithWhatCanStillBeConfirmed) {
  auto of = goals::rfc2544();
  of[0].time_limit = 64 * kSecond;  // two short trials and the full one, with what each takes more
  Bench bench(of);
  const SearchResult found = bench.run()[0];
  EXPECT_LE(bench.clock.now(), 64 * kSecond);
  EXPECT_NE(found.reason.find("time limit of 64 s"), std::string::npos) << found.reason;
  EXPECT_FALSE(found.regular);
  ASSERT_TRUE(found.lower_bound_fps);
  EXPECT_EQ(found.final_trial->spec.duration, 60 * kSecond);
}

TEST(Mlr, WhatThereWasNoTimeToConfirmIsNotRegular) {
  auto of = goals::rfc2544();
  of[0].time_limit = 20 * kSecond;
  const SearchResult found = Bench(of).run()[0];
  EXPECT_FALSE(found.regular);
  EXPECT_EQ(found.final_trial->spec.duration, kSecond);
  EXPECT_NEAR(*found.lower_bound_fps, *found.upper_bound_fps, *found.upper_bound_fps * 0.005);
  EXPECT_FALSE(found.conditional_throughput_fps);
}

TEST(Mlr, OneTrialIsMadeHoweverShortTheTime) {
  auto of = goals::csit();
  for (SearchSpec& goal : of) goal.time_limit = 1;
  Bench bench(of);
  const auto found = bench.run();
  EXPECT_EQ(bench.tester.asked.size(), 1u);
  EXPECT_FALSE(found[0].regular || found[1].regular);
}

TEST(Mlr, AnInterruptionEndsItWithWhatIsKnown) {
  Bench bench(goals::csit());
  bench.tester.interrupted_at = 20;
  const auto found = bench.run();
  EXPECT_EQ(bench.tester.asked.size(), 21u);
  EXPECT_EQ(found[0].trials.size(), 21u);
  for (const SearchResult& one : found) {
    EXPECT_TRUE(one.interrupted);
    EXPECT_FALSE(one.regular && one.reason.empty());
  }
  EXPECT_EQ(found[1].reason, "stopped by the user");
}

TEST(Mlr, AnErrorLaterIsInTheResultAndAtFirstTheAnswer) {
  const Error gone{ErrorKind::kPeer, "the peer has gone", "", 0};
  Bench late(goals::csit());
  late.tester.error_at = 5;
  late.tester.error = gone;
  const auto found = late.run();
  EXPECT_EQ(found[0].trials.size(), 5u);
  ASSERT_TRUE(found[0].error && found[1].error);
  EXPECT_EQ(found[1].error->message, gone.message);

  Bench first(goals::csit());
  first.tester.error_at = 0;
  first.tester.error = gone;
  const auto none = mlr_search(first.goals, first.tester, first.clock);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, gone.message);
}

TEST(Mlr, ProgressHearsOfEveryTrialAndTheEndComesNearer) {
  Bench bench(goals::csit());
  std::size_t heard = 0;
  Nanoseconds last = 0;
  bench.run([&](const MlrView& view) {
    ++heard;
    EXPECT_EQ(view.so_far.size(), 2u);
    EXPECT_LT(view.goal, 2u);
    EXPECT_EQ(view.trials.size(), heard);
    EXPECT_GE(view.left, 0);
    last = view.left;
    if (heard == 4) {  // all three loads are known: 30 s of trials and their overheads to come
      EXPECT_NEAR(static_cast<double>(view.left), 45e9, 20e9);
    }
  });
  EXPECT_EQ(heard, bench.tester.asked.size());
  EXPECT_EQ(last, 0);
}

TEST(Mlr, ADeviceThatNeverDoesTheSameTwiceEnds) {
  for (int seed = 0; seed < 50; ++seed) {
    FakeClock clock;
    SimulatedTester tester(device::coin(), clock, static_cast<std::uint64_t>(seed));
    const auto found = mlr_search(goals::csit(), tester, clock);
    ASSERT_TRUE(found);
    EXPECT_LE(tester.asked.size(), mlr_trials_max(goals::csit()));
    for (const SearchResult& one : *found) EXPECT_EQ(one.regular, one.reason.empty());
  }
}

TEST(Mlr, GoalsThatContradictThemselvesOrEachOtherAreRefused) {
  const auto refused = [](auto change, const char* why) {
    Bench bench(goals::csit());
    change(bench.goals);
    const auto found = mlr_search(bench.goals, bench.tester, bench.clock);
    ASSERT_FALSE(found) << why;
    EXPECT_EQ(found.error().kind, ErrorKind::kUsage);
    EXPECT_NE(found.error().message.find(why), std::string::npos) << found.error().message;
    EXPECT_TRUE(bench.tester.asked.empty());
  };
  using Goals = std::vector<SearchSpec>;
  refused([](Goals& goals) { goals.clear(); }, "needs a goal");
  refused([](Goals& goals) { goals[1].goal.exceed_ratio = 1; }, "exceed ratio");
  refused([](Goals& goals) { goals[0].goal.exceed_ratio = -0.1; }, "exceed ratio");
  refused([](Goals& goals) { goals[1].duration_sum = kSecond / 2; }, "duration sum");
  refused([](Goals& goals) { goals[1].max_fps *= 2; }, "same frames and loads");
  refused([](Goals& goals) { goals[1].frame_size = 1518; }, "same frames and loads");
  refused([](Goals& goals) { goals[1].time_limit = kSecond; }, "same frames and loads");
  refused([](Goals& goals) { goals[0].goal.loss_ratio = 1; }, "loss allowed");
  refused([](Goals& goals) { goals[1].trial_duration = 2 * kSecond; }, "final duration");
}

}  // namespace
}  // namespace wireproof
