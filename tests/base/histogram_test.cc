#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "base/random.h"

namespace wireproof {
namespace {

TEST(Histogram, HasTheGeometryOfHdrHistogramForOneNanosecondToAMinuteAtThreeDigits) {
  // vectors.json, "hdr", "1ns..60s,3": 2,048 sub-buckets, 26 buckets, 27,648 counters.
  EXPECT_EQ(2u << Histogram::kStepBits, 2048u);
  EXPECT_EQ(Histogram::kSteps, 27'648u);
  EXPECT_EQ(Histogram::kSteps * sizeof(std::uint64_t), 221'184u);
  EXPECT_GE(Histogram::kHighest, 60 * kSecond);
}

TEST(Histogram, EveryStepEndsWhereTheNextBegins) {
  for (std::size_t i = 0; i < Histogram::kSteps; ++i) {
    const std::uint64_t low = Histogram::lower_edge(i);
    const std::uint64_t high = Histogram::upper_edge(i);
    ASSERT_EQ(Histogram::index(low), i);
    ASSERT_EQ(Histogram::index(high), i);
    ASSERT_EQ(Histogram::index(high + 1), i + 1);
    ASSERT_LE(static_cast<double>(high - low), static_cast<double>(low) * Histogram::kResolution);
  }
}

TEST(Histogram, PercentilesAreWithinTheStepOfTheSortedTruth) {
  Random random(1);
  Histogram histogram;
  std::vector<Nanoseconds> values;
  for (int i = 0; i < 100'000; ++i) {
    const auto value = static_cast<Nanoseconds>(std::exp(random.uniform() * 20));
    values.push_back(value);
    histogram.record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double quantile : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * 100'000 - 1e-6)) - 1;
    const auto truth = static_cast<double>(values[rank]);
    const auto shown = static_cast<double>(*histogram.percentile(quantile));
    EXPECT_GE(shown, truth) << quantile;
    EXPECT_LE(shown, truth * (1 + Histogram::kResolution)) << quantile;
    EXPECT_EQ(histogram.steps().percentile(quantile), histogram.percentile(quantile));
  }
}

TEST(Histogram, APercentileNeedsTenSamplesBeyondIt) {
  Histogram histogram;
  histogram.record(100, 999);
  EXPECT_TRUE(histogram.percentile(0.98).has_value());
  EXPECT_FALSE(histogram.percentile(0.99).has_value());
  histogram.record(100);
  EXPECT_TRUE(histogram.percentile(0.99).has_value());
}

TEST(Histogram, WhatIsBeyondTheLastStepIsCountedApart) {
  Histogram histogram;
  histogram.record(std::int64_t{1} << 62, 50);
  histogram.record(Histogram::kHighest, 50);
  EXPECT_EQ(histogram.samples(), 100u);
  EXPECT_EQ(histogram.overflow(), 50u);
  EXPECT_EQ(*histogram.percentile(0.75), Histogram::kHighest);
  EXPECT_EQ(histogram.steps().samples(), 100u);
  EXPECT_EQ(histogram.steps().highest(), Histogram::kHighest);
}

TEST(Histogram, MergedIsAsIfOneHadRecordedAll) {
  Random random(2);
  Histogram all;
  Histogram one;
  Histogram other;
  for (int i = 0; i < 10'000; ++i) {
    const auto value = static_cast<Nanoseconds>(std::exp(random.uniform() * 27));
    all.record(value);
    (i % 3 == 0 ? one : other).record(value);
  }
  HistogramSteps sparse = one.steps();
  sparse.merge(other.steps());
  EXPECT_EQ(sparse.steps, all.steps().steps);
  EXPECT_EQ(sparse.overflow, all.overflow());
  one.merge(other);
  EXPECT_EQ(one.steps().steps, all.steps().steps);
  Histogram again;
  again.merge(sparse);
  EXPECT_EQ(again.steps().steps, all.steps().steps);
}

TEST(Histogram, ADifferenceIsWhatCameSinceTheOneBefore) {
  Histogram histogram;
  std::vector<std::uint64_t> seen(Histogram::kSteps + 1);
  histogram.record(1000, 3);
  EXPECT_EQ(histogram.difference(seen).samples(), 3u);
  histogram.record(1000, 2);
  histogram.record(std::int64_t{1} << 62, 1);
  const HistogramSteps since = histogram.difference(seen);
  EXPECT_EQ(since.samples(), 2u + 1u);
  EXPECT_EQ(since.overflow, 1u);
  EXPECT_EQ(histogram.difference(seen).samples(), 0u);
}

TEST(Histogram, DifferencesReadWhileItIsWrittenAddUpToAll) {
  Histogram histogram;
  constexpr int kSamples = 300'000;
  std::thread writer([&histogram] {
    Random random(3);
    for (int i = 0; i < kSamples; ++i) {
      histogram.record(static_cast<Nanoseconds>(random.next() >> 40));
    }
  });
  std::vector<std::uint64_t> seen(Histogram::kSteps + 1);
  HistogramSteps sum;
  for (int i = 0; i < 20; ++i) sum.merge(histogram.difference(seen));
  writer.join();
  sum.merge(histogram.difference(seen));
  EXPECT_EQ(sum.steps, histogram.steps().steps);
  EXPECT_EQ(sum.samples(), static_cast<std::uint64_t>(kSamples));
}

TEST(SignedHistogram, RanksFromTheMostNegative) {
  SignedHistogram histogram;
  for (Nanoseconds value = -500; value < 500; ++value) histogram.record(value);
  EXPECT_EQ(histogram.samples(), 1000u);
  EXPECT_EQ(histogram.percentile(0.01), -491);
  EXPECT_EQ(histogram.percentile(0.5), -1);
  EXPECT_EQ(histogram.percentile(0.99), 489);
  EXPECT_EQ(histogram.percentile(0.001), std::nullopt);
  EXPECT_EQ(histogram.percentile(0.999), std::nullopt);
}

}  // namespace
}  // namespace wireproof
