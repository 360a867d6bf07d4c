// How long a suite is, and what its figures are.
#include "suite/plan.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

const std::vector<SuiteTest> kFiveTests{SuiteTest::kThroughput, SuiteTest::kLatency,
                                        SuiteTest::kLoss, SuiteTest::kBackToBack,
                                        SuiteTest::kRecovery};

TEST(SuitePlan, FullLengthIsWhatTheRfcsAskFor) {
  const SuiteSize size{.goals = {{.trial_duration = kSecond, .final_duration = 60 * kSecond}}};
  SuiteSpec spec = full_length(kFiveTests);
  spec.overhead = 9 * kSecond;
  EXPECT_EQ(expected_time(SuiteTest::kLatency, spec, size), 20 * 129 * kSecond);
  EXPECT_EQ(expected_time(SuiteTest::kRecovery, spec, size), 3 * 129 * kSecond);
  EXPECT_EQ(expected_time(SuiteTest::kLoss, spec, size), 11 * 69 * kSecond);
  EXPECT_EQ(expected_time(SuiteTest::kThroughput, spec, size), (7 * 10 + 2 * 69) * kSecond);
  EXPECT_EQ(expected_time(SuiteTest::kReset, spec, size), 10 * 69 * kSecond);
  EXPECT_TRUE(shortened(spec, {size}).empty());
  EXPECT_LT(expected_time(SuiteTest::kLatency, quick_length(kFiveTests), size), 20 * kSecond);
}

TEST(SuiteFigures, AsRfc9004HasThem) {
  // Its example: 26,000 frames at 14,880,952 frames/s of a device that carries 97.71 % of it.
  const double line = 10e9 / 672;
  const BackToBackTest test{
      .bursts = {{25'500, line}, {26'500, line}}, .throughput_fps = 0.9771 * line, .max_fps = line};
  const BufferFigures figures = buffer_figures(test);
  EXPECT_NEAR(figures.implied_ns, 1'747'200, 100);
  EXPECT_NEAR(figures.corrected_ns, 40'011, 100);
  EXPECT_NEAR(figures.buffer_frames, 595.4, 0.5);
  EXPECT_EQ(figures.frames.min, 25'500);
  EXPECT_EQ(figures.frames.max, 26'500);
  EXPECT_NEAR(figures.frames.stdev, 707.1, 0.1);
  EXPECT_EQ(mean_time({100, 300, 200}), 200);
}

}  // namespace
}  // namespace wireproof
