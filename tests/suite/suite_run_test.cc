// Throughput, latency, frame loss rate, and the suite as a whole.
#include <algorithm>
#include <cmath>

#include "suite/suite_bench.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

TEST_F(SuiteRunTest, FindsWhatTheDeviceIs) {
  use({.rate_fps = kBoxCapacity, .queue_frames = 50, .blocked = 300 * kMillisecond});
  quick(kAllButReset);
  const SuiteSizeResult& size = run();
  ASSERT_TRUE(ended_);
  // A trial of 1 s passes what the queue takes as well.
  EXPECT_NEAR(*size.throughput_fps, kBoxCapacity + 51, 0.006 * kBoxCapacity);
  EXPECT_TRUE(found_.searches.at(0).regular) << found_.searches[0].reason;
  EXPECT_EQ(size.latency->load_fps, *size.throughput_fps);
  EXPECT_EQ(size.latency->lost, 0u);
  const double buffer = buffer_figures(*size.back_to_back).buffer_frames;
  // The throughput of 1 s is a twentieth above the capacity, and so is what left meanwhile.
  EXPECT_NEAR(buffer, 50, 2);
  ASSERT_EQ(size.recovery->times.size(), 1u);
  EXPECT_NEAR(static_cast<double>(size.recovery->times[0]), 300e6, 2e9 / size.recovery->then_fps);
  EXPECT_TRUE(size.loss->complete);
  EXPECT_FALSE(lacks_answer(size));
}

TEST_F(SuiteRunTest, FullLengthIsByTheLetter) {
  full(kAllButReset);
  const SuiteSizeResult& size = run();
  ASSERT_TRUE(ended_);
  EXPECT_EQ(found_.searches.at(0).final_trial->spec.duration, 60 * kSecond);
  // 60.0 s x rate, to the frame.
  const TrialResult& final = *found_.searches[0].final_trial;
  EXPECT_NEAR(static_cast<double>(final.directions[0].counts.offered),
              60.0 * final.spec.intended_fps, 1);
  EXPECT_EQ(size.latency->trial_ids.size(), 20u);
  for (const TrialSpec& spec : asked_for(size.latency->trial_ids)) {
    EXPECT_EQ(spec.duration, 120 * kSecond);
    EXPECT_EQ(spec.intended_fps, *size.throughput_fps);
  }
  for (const TrialSpec& spec : asked_for(size.loss->trial_ids))
    EXPECT_EQ(spec.duration, 60 * kSecond);
  EXPECT_EQ(size.back_to_back->bursts.size(), 50u);
  EXPECT_EQ(size.recovery->times.size(), 3u);
  for (const TrialSpec& spec : asked_for(size.recovery->trial_ids)) {
    EXPECT_EQ(spec.step->at, 60 * kSecond);
    EXPECT_DOUBLE_EQ(spec.intended_fps, 1.1 * *size.throughput_fps);
    EXPECT_DOUBLE_EQ(spec.step->fps, 0.55 * *size.throughput_fps);
  }
  EXPECT_TRUE(found_.result.deviations.empty());
}

TEST_F(SuiteRunTest, WhatIsShortenedIsSaid) {
  quick(kAllButReset);
  run();
  const std::vector<std::string>& deviations = found_.result.deviations;
  EXPECT_EQ(deviations.size(), 7u);
  EXPECT_EQ(deviations.at(0),
            "throughput: decided by trials of 1 s, not 60 s (RFC 2544 section 24)");
  EXPECT_EQ(deviations.at(2), "latency: 1 repetition, not 20 (RFC 2544 section 26.2)");
  EXPECT_EQ(deviations.at(5), "back-to-back: 3 repetitions, not 50 (RFC 9004 section 5.3)");
}

TEST_F(SuiteRunTest, TrialsAreNumberedThroughAllTests) {
  quick(kAllButReset);
  const SuiteSizeResult& size = run();
  std::uint64_t id = 0;
  for (const TrialResult& trial : found_.searches.at(0).trials) EXPECT_EQ(trial.spec.id, ++id);
  for (const TrialResult& trial : found_.trials) EXPECT_EQ(trial.spec.id, ++id);
  EXPECT_EQ(size.recovery->trial_ids.back(), id);
  EXPECT_EQ(id, box_->asked.size());
}

TEST_F(SuiteRunTest, FramesAreThoseOfTheSize) {
  quick({SuiteTest::kThroughput, SuiteTest::kLatency});
  run_.sizes[0].goals[0].frame_size = 353;
  run_.sizes[0].goals[0].mean_frame_size = 353.4;
  run();
  for (const TrialSpec& spec : box_->asked) {
    EXPECT_EQ(spec.frame_size, 353u);
    EXPECT_EQ(spec.mean_frame_size, 353.4);
  }
}

TEST_F(SuiteRunTest, LatencyIsTheMeanOfMeansAndTheMedianOfMedians) {
  quick({SuiteTest::kLatency});
  run_.spec.latency_repetitions = 4;
  run_.spec.latency_duration = 20 * kSecond;
  run_.sizes[0].throughput_fps = 900;
  box_->delays = {1'000, 2'000, 6'000, 3'000};
  const SuiteSizeResult& size = run();
  const LatencyOfDirection& one = size.latency->directions.at(0);
  EXPECT_EQ(one.from, "a");
  EXPECT_EQ(one.to, "b");
  EXPECT_EQ(one.repetitions, 4u);
  EXPECT_DOUBLE_EQ(one.mean, 3'000);
  EXPECT_DOUBLE_EQ(*one.typical, 2'500);
  EXPECT_DOUBLE_EQ(*one.worst_case, 5'000);
  EXPECT_EQ(one.min, 1'000);
  EXPECT_EQ(one.max, 6'000);
  EXPECT_TRUE(size.throughput_given);
  EXPECT_TRUE(found_.searches.empty());
}

TEST_F(SuiteRunTest, APercentileThatOneRepetitionLacksIsNone) {
  quick({SuiteTest::kLatency});
  run_.sizes[0].throughput_fps = 900;  // 900 samples have no 99.9th percentile
  EXPECT_FALSE(run().latency->directions.at(0).worst_case);
  run_.spec.latency_repetitions = 2;
  run_.spec.latency_duration = 20 * kSecond;
  EXPECT_TRUE(run().latency->directions.at(0).worst_case);
  box_->few_delays = {box_->asked.size() + 1};
  EXPECT_FALSE(run().latency->directions.at(0).worst_case);
}

TEST_F(SuiteRunTest, ARepetitionThatTheTesterCannotGuaranteeHasNoLatency) {
  quick({SuiteTest::kLatency});
  run_.spec.invalid_retries = 1;
  run_.spec.latency_repetitions = 2;
  run_.sizes[0].throughput_fps = 900;
  box_->spoilt = {0, 1};  // the first, and its repetition
  const SuiteSizeResult& size = run();
  EXPECT_EQ(size.latency->directions.at(0).repetitions, 1u);
  EXPECT_EQ(size.latency->reason, "the tester was disturbed");
  box_->spoilt = {3, 4, 5, 6};
  EXPECT_TRUE(run().latency->directions.empty());
  EXPECT_TRUE(lacks_answer(found_.result.sizes[0]));
}

TEST_F(SuiteRunTest, WithoutDelaysThereIsNoLatency) {
  quick({SuiteTest::kLatency});
  run_.sizes[0].throughput_fps = 900;
  box_->records_delays = false;
  EXPECT_EQ(run().latency->reason, "no delay was recorded");
}

TEST_F(SuiteRunTest, LossRateGoesDownToTwoLoadsWithoutLoss) {
  quick({SuiteTest::kLoss});
  run_.spec.loss_duration = 10 * kSecond;
  const LossTest& loss = *run().loss;
  std::vector<double> percents;
  for (const LossStep& step : loss.steps) percents.push_back(step.percent);
  EXPECT_EQ(percents, (std::vector<double>{100, 90, 80, 70, 60, 50, 40, 30, 20, 10}));
  for (const LossStep& step : loss.steps) {
    const double load = kBoxHighest * step.percent / 100;
    EXPECT_DOUBLE_EQ(step.load_fps, load);
    const double passed = kBoxCapacity * 10 + 51;
    EXPECT_NEAR(*step.loss_ratio, std::max(0.0, 1 - passed / (load * 10)), 1e-4);
  }
  EXPECT_TRUE(loss.complete);
  EXPECT_TRUE(loss.reason.empty());
}

TEST_F(SuiteRunTest, OfTwoDirectionsTheWorseOneCounts) {
  quick(kAllButReset);
  const SuiteSizeResult one_way = run();
  use({.rate_fps = kBoxCapacity, .queue_frames = 50});
  box_->both_ways = true;
  const SuiteSizeResult& both = run();
  ASSERT_EQ(both.loss->steps.size(), one_way.loss->steps.size());
  for (std::size_t i = 0; i < both.loss->steps.size(); ++i)
    EXPECT_EQ(both.loss->steps[i].loss_ratio, one_way.loss->steps[i].loss_ratio) << i;
  EXPECT_NEAR(*both.throughput_fps, *one_way.throughput_fps, 0.005 * kBoxCapacity);
  EXPECT_EQ(both.recovery->times.size(), 1u) << both.recovery->reason;
  EXPECT_EQ(both.back_to_back->bursts.at(0).frames, one_way.back_to_back->bursts.at(0).frames);
  ASSERT_EQ(both.latency->directions.size(), 2u);
  EXPECT_EQ(both.latency->directions[1].from, "b");
}

TEST_F(SuiteRunTest, LossRateGoesOnByHalvesBelowTenPercent) {
  quick({SuiteTest::kLoss}, 50'000);
  box_->tester_max_fps = 50'000;
  const LossTest& loss = *run().loss;
  ASSERT_TRUE(loss.complete);
  // 1,250 frames/s for 0.5 s are more than capacity and queue take, 625 are not.
  EXPECT_EQ(loss.steps.back().percent, 0.625);
  EXPECT_EQ(loss.steps.at(loss.steps.size() - 2).percent, 1.25);
}

TEST_F(SuiteRunTest, ALoadThatTheTesterCannotOfferHasNoLossRate) {
  quick({SuiteTest::kLoss}, 6'000);
  const LossTest& loss = *run().loss;
  EXPECT_FALSE(loss.steps.at(0).loss_ratio);  // 6,000
  EXPECT_FALSE(loss.steps.at(1).loss_ratio);
  EXPECT_TRUE(loss.steps.at(2).loss_ratio);  // 4,800
  EXPECT_EQ(loss.reason, "the tester was disturbed");
  EXPECT_FALSE(lacks_answer(found_.result.sizes[0]));
}

TEST_F(SuiteRunTest, ADeviceThatLosesAtAnyLoadIsNotComplete) {
  use({.loss = 0.5, .rate_fps = kBoxCapacity});
  quick({SuiteTest::kLoss});
  const LossTest& loss = *run().loss;
  EXPECT_FALSE(loss.complete);
  EXPECT_EQ(loss.reason, "no two loads in a row passed without loss");
}

TEST_F(SuiteRunTest, WithoutALineRateTheHighestIsWhatTheTesterSent) {
  quick({SuiteTest::kThroughput, SuiteTest::kLoss}, 0);
  const SuiteSizeResult& size = run();
  EXPECT_NEAR(*size.max_fps, 5'000, 5);
  EXPECT_EQ(size.limit, RateLimit::kMeasured);
  EXPECT_NEAR(size.loss->steps.at(0).load_fps, 5'000, 5);
  // The search began so: it is not sent again.
  EXPECT_TRUE(box_->asked.at(0).max_rate);
  EXPECT_EQ(std::count_if(box_->asked.begin(), box_->asked.end(),
                          [](const TrialSpec& spec) { return spec.max_rate; }),
            1);
}

TEST_F(SuiteRunTest, WhatNeedsNoHighestRateIsNotFlooded) {
  quick({SuiteTest::kLatency, SuiteTest::kReset}, 0);
  run_.sizes[0].throughput_fps = 800;
  EXPECT_FALSE(run().max_fps);
  for (const TrialSpec& spec : box_->asked) EXPECT_FALSE(spec.max_rate);
  quick({SuiteTest::kLoss}, 0);
  EXPECT_NEAR(*run().max_fps, 5'000, 5);
}

TEST_F(SuiteRunTest, WithoutAThroughputTheOthersSaySo) {
  use({.loss = 1});
  quick(kAllButReset);
  const SuiteSizeResult& size = run();
  ASSERT_TRUE(ended_);
  EXPECT_FALSE(size.throughput_fps);
  EXPECT_EQ(size.latency->reason, "no throughput was found");
  EXPECT_EQ(size.recovery->reason, "no throughput was found");
  EXPECT_FALSE(size.loss->steps.empty());
}

TEST_F(SuiteRunTest, AnInterruptionKeepsWhatThereWas) {
  quick(kAllButReset);
  run();
  const std::size_t all = box_->asked.size();
  for (const std::size_t at : {std::size_t{0}, std::size_t{2}, all / 2, all - 1}) {
    use({.rate_fps = kBoxCapacity, .queue_frames = 50});
    box_->interrupted_at = at;
    run();
    EXPECT_TRUE(ended_) << at;
    EXPECT_TRUE(found_.interrupted) << at;
    EXPECT_EQ(box_->asked.size(), at + 1);
    std::size_t kept = found_.trials.size();
    for (const SearchResult& search : found_.searches) kept += search.trials.size();
    EXPECT_EQ(kept, at + 1);
  }
}

TEST_F(SuiteRunTest, AnErrorKeepsWhatThereWas) {
  quick(kAllButReset);
  run();
  const std::size_t at = box_->asked.size() - 1;
  use({.rate_fps = kBoxCapacity, .queue_frames = 50});
  box_->error_at = at;
  const SuiteSizeResult& size = run();
  ASSERT_FALSE(ended_);
  EXPECT_EQ(ended_.error().message, "the interface is gone");
  EXPECT_FALSE(found_.interrupted);
  EXPECT_TRUE(size.back_to_back);
  EXPECT_TRUE(size.recovery->times.empty());
}

TEST_F(SuiteRunTest, ProgressCountsTestsAndTheTimeThatIsLeft) {
  quick(kAllButReset);
  run();
  ASSERT_EQ(told_.size(), box_->asked.size());
  EXPECT_EQ(told_.front().number, 1u);
  EXPECT_EQ(told_.front().tests, 5u);
  EXPECT_EQ(told_.front().test, SuiteTest::kThroughput);
  EXPECT_EQ(told_.back().number, 5u);
  EXPECT_EQ(told_.back().test, SuiteTest::kRecovery);
  EXPECT_EQ(told_.back().trials, 1u);
  EXPECT_GT(told_.front().left, told_[told_.size() / 2].left);
  EXPECT_LT(told_.back().left, 10 * kSecond);
  EXPECT_NE(told_.front().so_far.find("frames/s"), std::string::npos);
}

}  // namespace
}  // namespace wireproof
