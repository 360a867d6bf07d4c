#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace wireproof {
namespace {

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
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * 100'000)) - 1;
    const auto truth = static_cast<double>(values[rank]);
    const auto shown = static_cast<double>(*histogram.percentile(quantile));
    EXPECT_GE(shown, truth);
    EXPECT_LE(shown, truth * (1 + 1.0 / 128) + 1) << quantile;
  }
}

TEST(Histogram, APercentileNeedsTenSamplesBeyondIt) {
  Histogram histogram;
  for (int i = 0; i < 999; ++i) histogram.record(100);
  EXPECT_TRUE(histogram.percentile(0.98).has_value());
  EXPECT_FALSE(histogram.percentile(0.99).has_value());
  histogram.record(100);
  histogram.record(100);
  EXPECT_TRUE(histogram.percentile(0.99).has_value());
}

TEST(Histogram, HugeValuesStayInTheLastStep) {
  Histogram histogram;
  for (int i = 0; i < 100; ++i) histogram.record(std::int64_t{1} << 62);
  EXPECT_EQ(histogram.samples(), 100u);
  EXPECT_GE(*histogram.percentile(0.5), (std::int64_t{1} << 40) - 1);
}

}  // namespace
}  // namespace wireproof
