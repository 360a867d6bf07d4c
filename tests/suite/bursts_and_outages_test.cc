// Back-to-back frames, system recovery and reset.
#include <algorithm>
#include <cmath>

#include "suite/suite_bench.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

TEST_F(SuiteRunTest, BurstsTellTheQueueAtWhateverRateTheyAreSent) {
  for (const double fps : {2'000.0, 5'000.0, 40'000.0}) {
    for (const std::uint32_t queue : {5u, 50u, 3'000u}) {
      use({.rate_fps = kBoxCapacity, .queue_frames = queue});
      box_->tester_max_fps = fps;
      quick({SuiteTest::kBackToBack}, fps);
      run_.spec.burst_longest = 20 * kSecond;
      run_.sizes[0].throughput_fps = kBoxCapacity;
      const BackToBackTest& test = *run().back_to_back;
      ASSERT_EQ(test.bursts.size(), 3u) << test.reason;
      const BufferFigures figures = buffer_figures(test);
      // One more is in service. To the step, which the rate of the burst makes smaller.
      EXPECT_NEAR(figures.buffer_frames, queue + 1, 2 + static_cast<double>(test.step_frames))
          << fps << " " << queue;
      EXPECT_NEAR(figures.corrected_ns, figures.buffer_frames * 1e9 / fps, 1e9 / fps + 1e5);
      EXPECT_EQ(figures.frames.stdev, 0);
    }
  }
}

TEST_F(SuiteRunTest, BurstsAreSentAsFastAsThePortTakesThem) {
  quick({SuiteTest::kBackToBack});
  run_.sizes[0].throughput_fps = kBoxCapacity;
  for (const TrialSpec& spec : asked_for(run().back_to_back->trial_ids)) {
    EXPECT_TRUE(spec.max_rate);
    EXPECT_GT(spec.frames, 0u);
  }
}

TEST_F(SuiteRunTest, NothingIsSentAboveTheHighestLoadOfTheUser) {
  quick(kAllButReset, 3'000);
  run_.sizes[0].limit = RateLimit::kMaxRate;
  const SuiteSizeResult& size = run();
  for (const TrialSpec& spec : box_->asked) {
    EXPECT_FALSE(spec.max_rate);
    EXPECT_LE(spec.intended_fps, 3'000);
  }
  EXPECT_NEAR(buffer_figures(*size.back_to_back).buffer_frames, 50, 3);
}

TEST_F(SuiteRunTest, WhereTheThroughputIsTheHighestRateNoQueueBuildsUp) {
  quick(kAllButReset, 900);
  const SuiteSizeResult& size = run();
  EXPECT_NEAR(*size.throughput_fps, 900, 1);
  EXPECT_FALSE(size.back_to_back->applicable);
  EXPECT_TRUE(size.back_to_back->trial_ids.empty());
  EXPECT_FALSE(size.recovery->applicable);
  EXPECT_TRUE(size.recovery->trial_ids.empty());
  EXPECT_FALSE(lacks_answer(size));
}

TEST_F(SuiteRunTest, ABurstThatLostByChanceIsSentAgain) {
  quick({SuiteTest::kBackToBack});
  run_.sizes[0].throughput_fps = kBoxCapacity;
  run_.spec.burst_repetitions = 1;
  run_.spec.burst_verifications = 1;
  const double sound = buffer_figures(*run().back_to_back).buffer_frames;
  // Of the next run, the one after 64 frames were too many, twice.
  box_->flukes = {box_->asked.size() + 2};
  EXPECT_DOUBLE_EQ(buffer_figures(*run().back_to_back).buffer_frames, sound);
  run_.spec.burst_verifications = 0;
  box_->flukes = {box_->asked.size() + 1};
  EXPECT_LT(buffer_figures(*run().back_to_back).buffer_frames, sound);
}

TEST_F(SuiteRunTest, AQueueThatNoBurstFillsIsAtLeastThat) {
  use({.rate_fps = kBoxCapacity, .queue_frames = 1'000'000});
  quick({SuiteTest::kBackToBack});
  run_.sizes[0].throughput_fps = kBoxCapacity;
  const BackToBackTest& test = *run().back_to_back;
  EXPECT_EQ(test.bursts.at(0).frames, 5'000u);  // 1 s
  EXPECT_EQ(test.reason, "the longest burst that is tried lost no frame: at least this");
}

TEST_F(SuiteRunTest, ADeviceThatLosesEveryBurstHasNone) {
  use({.loss = 1});
  quick({SuiteTest::kBackToBack});
  run_.sizes[0].throughput_fps = kBoxCapacity;
  const BackToBackTest& test = *run().back_to_back;
  EXPECT_TRUE(test.bursts.empty());
  EXPECT_EQ(test.reason, "a burst of any length lost frames");
  EXPECT_FALSE(lacks_answer(found_.result.sizes[0]));
}

TEST_F(SuiteRunTest, ADeviceThatRecoversAtOnceTakesNoTime) {
  quick({SuiteTest::kRecovery});
  run_.sizes[0].throughput_fps = kBoxCapacity;
  const RecoveryTest& test = *run().recovery;
  ASSERT_EQ(test.times.size(), 1u) << test.reason;
  EXPECT_LE(test.times[0], static_cast<Nanoseconds>(2e9 / test.then_fps));
}

TEST_F(SuiteRunTest, AnOverloadThatTheQueueTakesIsNone) {
  use({.rate_fps = kBoxCapacity, .queue_frames = 1'000'000});
  quick({SuiteTest::kRecovery});
  run_.sizes[0].throughput_fps = kBoxCapacity;
  EXPECT_EQ(run().recovery->reason, "the overload lost no frame");
  EXPECT_FALSE(lacks_answer(found_.result.sizes[0]));
}

TEST_F(SuiteRunTest, ADeviceThatDoesNotRecoverInTimeHasNoTime) {
  use({.rate_fps = kBoxCapacity, .queue_frames = 5, .blocked = 100 * kSecond});
  quick({SuiteTest::kRecovery});
  run_.sizes[0].throughput_fps = kBoxCapacity;
  const RecoveryTest& test = *run().recovery;
  EXPECT_TRUE(test.times.empty());
  EXPECT_EQ(test.reason, "frames were lost until the end of the trial");
}

TEST_F(SuiteRunTest, AResetIsAsLongAsItsFramesAreMissing) {
  use({.outage = 700 * kMillisecond, .outage_every = 5 * kSecond});
  quick({SuiteTest::kReset});
  run_.sizes[0].throughput_fps = 800;
  Watched resetter;
  run_.resetter = &resetter;
  run_.spec.reset_duration = 6 * kSecond;
  const ResetTest& test = *run().reset;
  ASSERT_EQ(test.times.size(), 1u) << test.reason;
  EXPECT_NEAR(static_cast<double>(test.times[0]), 700e6, 2e9 / 800);
  EXPECT_EQ(resetter.begun, std::vector<Nanoseconds>{1'500 * kMillisecond});
  EXPECT_EQ(resetter.ended, 1);
  EXPECT_TRUE(box_->asked.at(0).link_may_go);
  box_->unsent = 80;
  EXPECT_NEAR(static_cast<double>(run().reset->times.at(0)), 700e6, 2e9 / 800);
  box_->link_went = true;  // while it was down they could not be sent
  EXPECT_NEAR(static_cast<double>(run().reset->times.at(0)), 800e6, 2e9 / 800);
}

TEST_F(SuiteRunTest, AResetThatOutlastsTheTrialHasNoTime) {
  use({.outage = 7 * kSecond, .outage_every = 10 * kSecond});
  quick({SuiteTest::kReset});
  run_.sizes[0].throughput_fps = 800;
  run_.spec.reset_duration = 6 * kSecond;
  const ResetTest& test = *run().reset;
  EXPECT_TRUE(test.times.empty());
  EXPECT_NE(test.reason.find("until the end of the trial"), std::string::npos) << test.reason;
}

TEST_F(SuiteRunTest, ATesterThatIsSlowerThanTheLineTellsNothingOfBursts) {
  quick({SuiteTest::kThroughput, SuiteTest::kBackToBack, SuiteTest::kRecovery}, 50'000);
  box_->tester_max_fps = 900;
  const SuiteSizeResult& size = run();
  EXPECT_TRUE(size.throughput_is_at_least);
  EXPECT_FALSE(size.back_to_back->applicable);
  EXPECT_FALSE(size.recovery->applicable);
  EXPECT_FALSE(lacks_answer(size));
  // And where the throughput is given.
  quick({SuiteTest::kBackToBack}, 50'000);
  run_.sizes[0].throughput_fps = 899;
  const std::size_t before = box_->asked.size();
  EXPECT_EQ(run().back_to_back->reason, "the tester sends a burst no faster than the throughput");
  EXPECT_LT(box_->asked.size() - before, 20u);
}

TEST_F(SuiteRunTest, ADeviceThatWasNotResetHasNoTime) {
  quick({SuiteTest::kReset});
  run_.sizes[0].throughput_fps = 800;
  EXPECT_EQ(run().reset->reason,
            "no frame was lost: the device was not reset, or keeps forwarding meanwhile");
  EXPECT_FALSE(lacks_answer(found_.result.sizes[0]));
}

TEST_F(SuiteRunTest, AResetThatFailsEndsTheSuite) {
  quick({SuiteTest::kReset});
  run_.sizes[0].throughput_fps = 800;
  Watched resetter;
  resetter.refuses = true;
  run_.resetter = &resetter;
  run();
  ASSERT_FALSE(ended_);
  EXPECT_EQ(ended_.error().message, "it failed");
  EXPECT_EQ(found_.trials.size(), 1u);
}

TEST_F(SuiteRunTest, AResetIsOfTheSmallestSizeAlone) {
  quick({SuiteTest::kThroughput, SuiteTest::kReset});
  run_.sizes.push_back(run_.sizes[0]);
  run_.sizes[0].goals[0].frame_size = 128;
  run();
  EXPECT_FALSE(found_.result.sizes.at(0).reset);
  EXPECT_TRUE(found_.result.sizes.at(1).reset);
  EXPECT_EQ(told_.back().tests, 3u);
}

}  // namespace
}  // namespace wireproof
