#include "search/bisect.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "search/proven.h"
#include "search/simulated_device.h"

namespace wireproof {
namespace {

class Bisect : public ::testing::Test {
 protected:
  Result<SearchResult> run(SimulatedTester& tester, const SearchProgress& progress = nullptr) {
    return bisect(spec_, tester, clock_, progress);
  }

  FakeClock clock_;
  SearchSpec spec_{.max_fps = 10e6};
};

TEST_F(Bisect, AHardDeviceTakesThreeTrials) {
  SimulatedTester tester(device::ideal(1e6), clock_);
  const auto r = run(tester);
  ASSERT_EQ(tester.asked.size(), 3u);
  EXPECT_EQ(tester.asked[0].intended_fps, 10e6);
  EXPECT_EQ(tester.asked[0].id, 1u);
  EXPECT_DOUBLE_EQ(tester.asked[1].intended_fps, 998e3);
  EXPECT_DOUBLE_EQ(tester.asked[2].intended_fps, 1002e3);
  EXPECT_EQ(tester.asked[2].id, 3u);
  EXPECT_TRUE(r->regular);
  EXPECT_EQ(r->reason, "");
  EXPECT_DOUBLE_EQ(*r->conditional_throughput_fps, 998e3);
  EXPECT_EQ(r->final_trial->spec.id, 2u);
  EXPECT_EQ(r->elapsed, 3 * (kSecond + tester.overhead));
}

TEST_F(Bisect, TheAnswerIsConfirmedByOneFinalTrial) {
  spec_.final_duration = 30 * kSecond;
  SimulatedTester tester(device::ideal(1e6), clock_);
  std::vector<Nanoseconds> left;
  const auto r =
      run(tester, [&](const SearchResult&, Nanoseconds time_left) { left.push_back(time_left); });
  ASSERT_EQ(tester.asked.size(), 4u);
  EXPECT_EQ(tester.asked[3].duration, 30 * kSecond);
  ASSERT_EQ(left.size(), 4u);
  EXPECT_EQ(left[2], 30 * kSecond + tester.overhead) << "nothing but that one is to come";
  EXPECT_EQ(left[3], 0);
  EXPECT_DOUBLE_EQ(tester.asked[3].intended_fps, 998e3);
  EXPECT_TRUE(r->regular);
  EXPECT_EQ(r->final_trial->spec.id, 4u);
}

// 500,000 frames of room: 1.5 Mpps pass for a second, 1.0083 Mpps for a minute.
TEST_F(Bisect, AFinalTrialThatFailsPullsTheLowerBoundDown) {
  spec_.final_duration = 60 * kSecond;
  SimulatedTester tester(device::ideal(1e6, 500'000), clock_);
  const auto r = run(tester);
  EXPECT_TRUE(r->regular) << r->reason;
  EXPECT_LT(*r->lower_bound_fps, 1'008'334);
  EXPECT_GT(*r->lower_bound_fps, 1'008'333 * 0.995);
  EXPECT_LT(*r->upper_bound_fps, 1.1e6);
  // Three short, the final one that fails, and two long ones around the new guess.
  EXPECT_EQ(r->trials.size(), 6u);
}

TEST_F(Bisect, TheFirstTrialThatPassesIsConfirmedToo) {
  spec_.final_duration = 60 * kSecond;
  SimulatedTester tester(device::ideal(9.9e6, 200'000), clock_);
  const auto r = run(tester);
  EXPECT_EQ(r->trials[0].verdict, Verdict::kPass);
  EXPECT_EQ(r->trials[1].verdict, Verdict::kFail);
  EXPECT_TRUE(r->regular) << r->reason;
  EXPECT_LT(*r->lower_bound_fps, 9'903'334);  // capacity + queue / 60 s
  EXPECT_GT(*r->upper_bound_fps, 9'903'333);
  EXPECT_EQ(r->trials.size(), 4u);
}

TEST_F(Bisect, WithoutAMaximumTheTesterGivesAllItHas) {
  spec_.max_fps = 0;
  spec_.final_duration = 10 * kSecond;
  SimulatedTester tester(device::infinite(), clock_);
  tester.tester_max_fps = 2e6;
  const auto r = run(tester);
  ASSERT_EQ(tester.asked.size(), 3u);
  EXPECT_TRUE(tester.asked[0].max_rate);
  for (const std::size_t paced : {1, 2}) {  // what was offered, then confirmed
    EXPECT_FALSE(tester.asked[paced].max_rate);
    EXPECT_EQ(tester.asked[paced].intended_fps, 2e6);
  }
  EXPECT_TRUE(r->tester_limited);
  EXPECT_EQ(*r->lower_bound_fps, 2e6);
  EXPECT_EQ(r->reason, "the tester can send no faster");
}

// Without a schedule 2 Mpps leave, with one 1.2 Mpps at the most: what was never paced is no
// answer.
TEST_F(Bisect, WhatWasOfferedWithoutAScheduleIsNoAnswer) {
  spec_.max_fps = 0;
  SimulatedTester tester(device::infinite(), clock_);
  tester.tester_max_fps = 2e6;
  tester.paced_max_fps = 1.2e6;
  const auto r = run(tester);
  ASSERT_TRUE(r->lower_bound_fps);
  EXPECT_LE(*r->lower_bound_fps, 1.2e6);
  EXPECT_GT(*r->lower_bound_fps, 1.2e6 * 0.99);
  EXPECT_FALSE(r->final_trial->spec.max_rate);
  EXPECT_TRUE(r->tester_limited);
}

// A flood loses frames that a steady load of the same rate does not.
TEST_F(Bisect, ALossAtAFloodIsNoUpperBound) {
  spec_.max_fps = 0;
  SimulatedTester tester(device::infinite(), clock_);
  tester.tester_max_fps = 2e6;
  tester.flood_loses = 100'000;
  const auto r = run(tester);
  EXPECT_FALSE(r->upper_bound_fps);
  ASSERT_TRUE(r->lower_bound_fps);
  EXPECT_EQ(*r->lower_bound_fps, 2e6);
  EXPECT_TRUE(r->tester_limited);
}

// 32 of 600 frames left out and 600 a trial carried: what the device had not to carry is not in the
// bound, and the answer is wider than was asked.
TEST_F(Bisect, TheBoundIsWhatWasOffered) {
  spec_.max_fps = 9e3;
  spec_.trial_duration = spec_.final_duration = 200 * kMillisecond;
  SimulatedTester tester(device::ideal(3e3), clock_);
  tester.leaves_out = 32;
  const auto r = run(tester);
  ASSERT_TRUE(r->lower_bound_fps);
  EXPECT_LE(*r->lower_bound_fps, 3e3);
  EXPECT_GT(*r->lower_bound_fps, 3e3 * 0.99);
  EXPECT_EQ(*r->lower_bound_fps, r->final_trial->spec.intended_fps - 32 / 0.2);
  EXPECT_GE(*r->upper_bound_fps, 3e3);
  EXPECT_FALSE(r->regular);
  EXPECT_FALSE(r->tester_limited);
  EXPECT_NE(r->reason.find("passed, but offered"), std::string::npos) << r->reason;
  EXPECT_LT(tester.asked.size(), trials_max(spec_));
}

TEST_F(Bisect, ALoadThatWasNotOfferedInFullIsTriedAgain) {
  spec_.max_fps = 9e3;
  spec_.trial_duration = spec_.final_duration = 200 * kMillisecond;
  SimulatedTester tester(device::ideal(3e3), clock_);
  tester.leaves_out = 32;
  tester.leaves_out_until = 3;  // the highest load failed; the first guess passes at the third time
  const auto r = run(tester);
  ASSERT_GE(tester.asked.size(), 4u);
  EXPECT_EQ(tester.asked[1].intended_fps, tester.asked[2].intended_fps);
  EXPECT_EQ(tester.asked[2].intended_fps, tester.asked[3].intended_fps);
  EXPECT_EQ(*r->lower_bound_fps, r->final_trial->spec.intended_fps);
  EXPECT_TRUE(r->regular) << r->reason;
}

// The first load passes, and its next trial has no time or is disturbed: it has passed all the
// same.
TEST_F(Bisect, ALoadThatPassedShortOfItselfIsNotForgotten) {
  spec_.trial_duration = spec_.final_duration = kSecond;
  spec_.max_fps = 500;  // in a search before
  SimulatedTester before(device::ideal(3e3), clock_);
  const auto known = run(before);
  spec_.max_fps = 2e3;
  spec_.time_limit = kSecond;
  SimulatedTester hurried(device::ideal(3e3), clock_);
  hurried.leaves_out = 40;
  const TrialResult* passed = &known->trials.front();
  auto r = bisect(spec_, hurried, clock_, nullptr, {&passed, 1});
  ASSERT_EQ(hurried.asked.size(), 1u);
  EXPECT_EQ(r->lower_bound_fps, 1960);

  spec_.time_limit = 0;
  spec_.invalid_retries = 1;
  SimulatedTester disturbed(device::ideal(3e3), clock_);
  disturbed.leaves_out = 40;
  disturbed.leaves_out_until = 1;
  disturbed.paced_max_fps = 1.5e3;
  disturbed.paced_from = 1;
  r = run(disturbed);
  ASSERT_EQ(disturbed.asked.size(), 2u);
  EXPECT_EQ(r->trials[1].verdict, Verdict::kInvalid);
  EXPECT_EQ(r->lower_bound_fps, 1960);
}

// Over a bare wire, where no load fails: the tester's limit is what it was asked for.
TEST_F(Bisect, ATesterThatLeavesSomeOutIsItsOwnLimit) {
  spec_.max_fps = 0;
  SimulatedTester tester(device::infinite(), clock_);
  tester.tester_max_fps = 1e3;
  tester.leaves_out = 20;
  const auto r = run(tester);
  ASSERT_TRUE(r->lower_bound_fps);
  EXPECT_EQ(*r->lower_bound_fps, 980);
  EXPECT_TRUE(r->tester_limited);
  EXPECT_EQ(r->reason, "the tester can send no faster");
}

class BisectGoals : public Bisect {
 protected:
  static std::vector<const TrialResult*> trials_of(const SearchResult& search) {
    std::vector<const TrialResult*> trials;
    for (const TrialResult& trial : search.trials) trials.push_back(&trial);
    return trials;
  }
};

// The tester is disturbed after the first search, so that the second finds next to nothing itself.
TEST_F(BisectGoals, AGoalBeginsWhereTheRunHasProven) {
  SimulatedTester tester(device::ideal(1e6), clock_);
  const auto ndr = run(tester);
  ASSERT_TRUE(ndr->regular);
  tester.invalid_probability = 1;
  spec_.goal = {"pdr", 0.005};
  const auto pdr = bisect(spec_, tester, clock_, nullptr, trials_of(*ndr));
  ASSERT_TRUE(pdr->lower_bound_fps);
  EXPECT_GE(*pdr->lower_bound_fps, *ndr->lower_bound_fps);
  EXPECT_EQ(pdr->final_trial->verdict, Verdict::kPass);
}

TEST_F(BisectGoals, AnEarlierGoalIsRaisedByALaterOne) {
  SimulatedTester tester(device::ideal(1e6), clock_);
  spec_.goal = {"pdr", 0.005};
  spec_.max_fps = 500e3;
  auto pdr = run(tester);  // 500 kpps passed: all that was asked
  ASSERT_EQ(*pdr->lower_bound_fps, 500e3);
  spec_.goal = {"ndr", 0};
  spec_.max_fps = 10e6;
  const auto ndr = run(tester);
  reconcile(*pdr, trials_of(*ndr));
  EXPECT_GE(*pdr->lower_bound_fps, *ndr->lower_bound_fps);
  EXPECT_EQ(*pdr->lower_bound_fps, pdr->final_trial->spec.intended_fps);
}

TEST_F(BisectGoals, ALossForAnotherGoalTakesAnAnswerBack) {
  SimulatedTester good(device::ideal(1e6), clock_);
  auto ndr = run(good);
  SimulatedTester worse(device::ideal(800e3), clock_);
  const auto again = run(worse);
  reconcile(*ndr, trials_of(*again));
  EXPECT_LE(*ndr->lower_bound_fps, 800e3);
  EXPECT_LE(*ndr->upper_bound_fps, 1e6);
  EXPECT_FALSE(ndr->regular);
  EXPECT_NE(ndr->reason.find("another goal"), std::string::npos) << ndr->reason;
}

TEST_F(Bisect, AnInvalidLoadIsTriedAgainThenGivenUp) {
  SimulatedTester tester(device::infinite(), clock_);
  tester.tester_max_fps = 1e6;
  const auto r = run(tester);
  ASSERT_EQ(tester.asked.size(), 5u);  // 1 + 3 retries at the top, one below what was achieved
  EXPECT_EQ(tester.asked[3].intended_fps, 10e6);
  EXPECT_DOUBLE_EQ(tester.asked[4].intended_fps, 998e3);
  EXPECT_TRUE(r->tester_limited);
  EXPECT_FALSE(r->upper_bound_fps);
  EXPECT_EQ(r->reason, "the tester cannot guarantee loads from 1,000,000 frames/s: tx shortfall");
}

// 36 Mpps into a receiver that takes 3: once is enough to see where to look.
TEST_F(Bisect, AFloodThatDrownsTheReceiverIsNotRepeated) {
  spec_.max_fps = 0;
  SimulatedTester tester(device::ideal(1e6), clock_);
  tester.tester_max_fps = 36e6;
  tester.receive_max_fps = 900e3;
  const auto r = run(tester);
  EXPECT_TRUE(tester.asked[0].max_rate);
  EXPECT_FALSE(tester.asked[1].max_rate);
  EXPECT_DOUBLE_EQ(tester.asked[1].intended_fps, 900e3 * 0.998);
  EXPECT_TRUE(r->tester_limited);
}

// Half of the frames stay unsent once, a fifth the next time: that is no rate the tester is limited
// to, and a device that carries 8 Mpps must still be found to.
TEST_F(Bisect, ADisturbanceIsNotTakenForALimit) {
  SimulatedTester tester(device::ideal(8e6), clock_);
  tester.disturbed_trials = 4;
  const auto r = run(tester);
  EXPECT_GT(*r->lower_bound_fps, 8e6 * 0.995);
  EXPECT_LE(*r->lower_bound_fps, 8e6);
  EXPECT_EQ(r->trials[3].verdict, Verdict::kInvalid);
  EXPECT_TRUE(r->regular) << r->reason;
}

// A tester whose own bursts lose frames of every load above 600/s cannot show what the device
// carries, but what it does not.
TEST_F(Bisect, AboveWhatIsDisturbedTheDeviceIsStillBounded) {
  spec_.max_fps = 100e3;
  SimulatedTester tester(device::ideal(20e3), clock_);
  tester.disturbed_from_fps = 600;
  const auto r = run(tester);
  EXPECT_FALSE(r->regular);
  EXPECT_LE(*r->lower_bound_fps, 600);
  EXPECT_GT(*r->lower_bound_fps, 600 * 0.99);
  EXPECT_GE(*r->upper_bound_fps, 20e3);
  EXPECT_LE(*r->upper_bound_fps, 20e3 * 1.011);
  EXPECT_EQ(r->reason, "the tester cannot guarantee loads from 601 to 20,200 frames/s: disturbed");
  EXPECT_LE(r->trials.size(), trials_max(spec_));
}

TEST_F(Bisect, ATesterThatCanGuaranteeNothingHasNoBound) {
  SimulatedTester tester(device::infinite(), clock_);
  tester.invalid_probability = 1;
  const auto r = run(tester);
  EXPECT_FALSE(r->lower_bound_fps || r->upper_bound_fps || r->regular || r->tester_limited);
  EXPECT_NE(r->reason.find("the tester cannot guarantee any load"), std::string::npos);
  EXPECT_LE(r->trials.size(), trials_max(spec_));
}

TEST_F(Bisect, ATesterThatCannotSendAtAllHasNoBound) {
  spec_.max_fps = 0;
  SimulatedTester tester(device::infinite(), clock_);
  tester.invalid_probability = 1;
  tester.tester_max_fps = 0;
  const auto r = run(tester);
  EXPECT_EQ(r->trials.size(), 4u);
  EXPECT_EQ(r->reason, "the tester cannot guarantee any load: rx ring");
}

TEST_F(Bisect, TheLowestLoadIsTheLastResort) {
  spec_.min_fps = 100e3;
  SimulatedTester tester(device::ideal(100e3), clock_);
  const auto good = run(tester);
  EXPECT_EQ(*good->lower_bound_fps, 100e3);
  SimulatedTester worse(device::ideal(99e3), clock_);
  const auto bad = run(worse);
  EXPECT_EQ(worse.asked.back().intended_fps, 100e3);
  EXPECT_FALSE(bad->lower_bound_fps);
  EXPECT_EQ(bad->reason, "even the lowest load, 100,000 frames/s, failed: lost");
}

// 100 frames a trial: one frame is 1 %.
TEST_F(Bisect, ATrialTooShortForThePrecisionSaysSo) {
  spec_.max_fps = 10e3;
  spec_.trial_duration = spec_.final_duration = 100 * kMillisecond;
  SimulatedTester tester(device::ideal(1e3), clock_);
  const auto r = run(tester);
  EXPECT_FALSE(r->regular);
  EXPECT_LE(*r->upper_bound_fps - *r->lower_bound_fps, 10.0);
  EXPECT_EQ(r->reason,
            "one frame in a trial of 0.1 s is more than the precision: use longer trials");
}

TEST_F(Bisect, TheTimeLimitLeavesRoomForTheFinalTrial) {
  spec_.final_duration = 10 * kSecond;
  spec_.time_limit = 15 * kSecond;  // the narrowing alone would take 20 trials
  spec_.precision = 1e-5;
  SimulatedTester tester(device::soft_knee(1e6, 0.01), clock_);
  const auto r = run(tester);
  EXPECT_LE(clock_.now(), 15 * kSecond);
  EXPECT_FALSE(r->regular);
  EXPECT_EQ(r->reason, "the time limit of 15 s ended the search before it reached the precision");
}

// Trials of 1.5 s with what comes on top: after two of them a third and the final one of 10.5 s do
// not fit any more, but the final one does.
TEST_F(Bisect, TheLastOfTheTimeIsForTheFinalTrial) {
  spec_.final_duration = 10 * kSecond;
  spec_.time_limit = 14 * kSecond;
  SimulatedTester tester(device::ideal(1e6), clock_);
  const auto r = run(tester);
  ASSERT_EQ(tester.asked.size(), 3u);
  EXPECT_EQ(tester.asked[1].duration, kSecond);
  EXPECT_EQ(tester.asked[2].duration, 10 * kSecond);
  EXPECT_EQ(clock_.now(), 13'500 * kMillisecond);
  EXPECT_DOUBLE_EQ(*r->lower_bound_fps, 998e3);
  EXPECT_EQ(r->final_trial->spec.id, 3u);
  EXPECT_FALSE(r->regular);
  EXPECT_NE(r->reason.find("time limit"), std::string::npos) << r->reason;
}

// What may be lost is not forwarded.
TEST_F(Bisect, TheThroughputIsWhatCameThroughAtTheBound) {
  spec_.goal = {"pdr", 0.005};
  SimulatedTester tester(device::ideal(1e6), clock_);
  const auto r = run(tester);
  EXPECT_TRUE(r->regular) << r->reason;
  EXPECT_GT(*r->lower_bound_fps, 1.001e6);
  EXPECT_DOUBLE_EQ(*r->conditional_throughput_fps, 1e6);
}

// 500,000 frames of room: what passed for a second fails for a minute, and no time is left.
TEST_F(Bisect, ALoadWhoseFinalTrialFailedIsNoLowerBound) {
  spec_.final_duration = 60 * kSecond;
  spec_.time_limit = 66 * kSecond;
  SimulatedTester tester(device::ideal(1e6, 500'000), clock_);
  const auto r = run(tester);
  ASSERT_EQ(r->trials.size(), 4u);
  EXPECT_EQ(r->trials.back().verdict, Verdict::kFail);
  const double failed = r->trials.back().spec.intended_fps;
  const auto passed_shortly =
      std::count_if(r->trials.begin(), r->trials.end(), [failed](const TrialResult& trial) {
        return trial.verdict == Verdict::kPass && trial.spec.intended_fps == failed;
      });
  EXPECT_EQ(passed_shortly, 1);
  EXPECT_EQ(*r->upper_bound_fps, failed);
  EXPECT_FALSE(r->lower_bound_fps && *r->lower_bound_fps >= failed);
  EXPECT_FALSE(r->regular);
}

TEST_F(Bisect, OneTrialIsRunWhateverTheTimeLimit) {
  spec_.time_limit = 1;
  SimulatedTester tester(device::ideal(1e6), clock_);
  const auto r = run(tester);
  EXPECT_EQ(r->trials.size(), 1u);
  EXPECT_EQ(*r->upper_bound_fps, 10e6);
  EXPECT_FALSE(r->lower_bound_fps);
}

TEST_F(Bisect, AnErrorInMidSearchLeavesWhatIsKnown) {
  SimulatedTester tester(device::ideal(1e6), clock_);
  tester.error_at = 2;
  tester.error = {ErrorKind::kPrecondition, "the interface is gone"};
  const auto r = run(tester);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->error->message, "the interface is gone");
  EXPECT_EQ(r->trials.size(), 2u);
  EXPECT_DOUBLE_EQ(*r->lower_bound_fps, 998e3);
  EXPECT_EQ(*r->upper_bound_fps, 10e6);
  EXPECT_EQ(r->reason, "the search ended early: the interface is gone");
}

TEST_F(Bisect, AnErrorBeforeTheFirstTrialIsTheSearchs) {
  SimulatedTester tester(device::ideal(1e6), clock_);
  tester.error_at = 0;
  tester.error = {ErrorKind::kPrecondition, "no such interface"};
  const auto r = run(tester);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().message, "no such interface");
}

TEST_F(Bisect, AnInterruptionReturnsWhatIsKnown) {
  for (const bool in_trial : {false, true}) {
    SimulatedTester tester(device::ideal(1e6), clock_);
    tester.error = {ErrorKind::kInterrupted, "stopped"};
    (in_trial ? tester.interrupted_at : tester.error_at) = 2;
    const auto r = run(tester);
    ASSERT_TRUE(r);
    EXPECT_TRUE(r->interrupted);
    EXPECT_FALSE(r->error);
    EXPECT_FALSE(r->regular);
    EXPECT_DOUBLE_EQ(*r->lower_bound_fps, 998e3);
    // The trial that was cut short is in the record and moved nothing.
    EXPECT_EQ(r->trials.size(), in_trial ? 3u : 2u);
    EXPECT_EQ(*r->upper_bound_fps, 10e6);
    EXPECT_EQ(r->reason, "stopped by the user");
  }
}

TEST_F(Bisect, AnInterruptionBeforeTheFirstTrialIsNoError) {
  SimulatedTester tester(device::ideal(1e6), clock_);
  tester.error_at = 0;
  tester.error = {ErrorKind::kInterrupted, "stopped"};
  const auto r = run(tester);
  ASSERT_TRUE(r);
  EXPECT_TRUE(r->interrupted);
  EXPECT_TRUE(r->trials.empty());
}

TEST_F(Bisect, ProgressComesAfterEachTrialWithTheTimeLeft) {
  std::vector<Nanoseconds> left;
  std::vector<std::size_t> trials;
  SimulatedTester tester(device::ideal(1e6), clock_);
  ASSERT_TRUE(run(tester, [&](const SearchResult& so_far, Nanoseconds time_left) {
    trials.push_back(so_far.trials.size());
    left.push_back(time_left);
  }));
  EXPECT_EQ(trials, (std::vector<std::size_t>{1, 2, 3}));
  const Nanoseconds one = kSecond + tester.overhead;
  EXPECT_EQ(left, (std::vector<Nanoseconds>{2 * one, 2 * one, 0}));
}

TEST_F(Bisect, RefusesAContradiction) {
  const auto refused = [&](auto change) {
    SearchSpec spec{.max_fps = 10e6};
    change(spec);
    SimulatedTester tester(device::infinite(), clock_);
    const auto r = bisect(spec, tester, clock_, nullptr);
    return !r && r.error().kind == ErrorKind::kUsage && tester.asked.empty();
  };
  EXPECT_TRUE(refused([](SearchSpec& s) { s.trial_duration = 0; }));
  EXPECT_TRUE(refused([](SearchSpec& s) { s.final_duration = s.trial_duration - 1; }));
  EXPECT_TRUE(refused([](SearchSpec& s) { s.precision = 0; }));
  EXPECT_TRUE(refused([](SearchSpec& s) { s.precision = 1; }));
  EXPECT_TRUE(refused([](SearchSpec& s) { s.goal.loss_ratio = 1; }));
  EXPECT_TRUE(refused([](SearchSpec& s) { s.min_fps = 0; }));
  EXPECT_TRUE(refused([](SearchSpec& s) { s.max_fps = -1; }));
  EXPECT_TRUE(refused([](SearchSpec& s) { s.min_fps = 11e6; }));
  EXPECT_TRUE(refused([](SearchSpec& s) {  // not one frame a trial
    s.max_fps = 5;
    s.trial_duration = s.final_duration = 100 * kMillisecond;
  }));
}

}  // namespace
}  // namespace wireproof
