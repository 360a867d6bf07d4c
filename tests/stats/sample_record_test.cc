#include "stats/sample_record.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

TEST(SampleRecord, MergedIsAsIfRecordedTogether) {
  SampleRecord whole, left, right;
  for (Nanoseconds value = 1000; value < 3000; value += 7) {
    whole.record(value);
    (value % 2 == 0 ? left : right).record(value);
  }
  left.merge(right);
  EXPECT_EQ(left.samples, whole.samples);
  EXPECT_EQ(left.min, whole.min);
  EXPECT_EQ(left.max, whole.max);
  EXPECT_NEAR(left.mean(), whole.mean(), 1e-9);
  EXPECT_NEAR(left.stdev(), whole.stdev(), 1e-9);
  EXPECT_EQ(left.histogram.percentile(0.5), whole.histogram.percentile(0.5));
}

TEST(SampleRecord, MomentsOfSmallSpreadFarFromZeroAreExact) {
  SampleRecord record;
  for (int i = 0; i < 100'000; ++i) record.record(40 * kSecond + i % 2);
  EXPECT_DOUBLE_EQ(record.mean(), 40e9 + 0.5);
  EXPECT_NEAR(record.stdev(), 0.5, 1e-9);
}

TEST(SampleRecord, ManyAtOnceAreAsManySingly) {
  SampleRecord at_once, singly;
  at_once.record(7);
  at_once.record(9, 3);
  singly.record(7);
  for (int i = 0; i < 3; ++i) singly.record(9);
  EXPECT_EQ(at_once.samples, singly.samples);
  EXPECT_DOUBLE_EQ(at_once.mean(), singly.mean());
  EXPECT_DOUBLE_EQ(at_once.stdev(), singly.stdev());
  EXPECT_EQ(at_once.histogram.samples(), 4u);
}

TEST(SampleRecord, ClearForgets) {
  SampleRecord record;
  record.record(10);
  record.record(1'000);
  record.clear();
  record.record(5, 2);
  EXPECT_EQ(record.samples, 2u);
  EXPECT_EQ(record.min, 5);
  EXPECT_EQ(record.max, 5);
  EXPECT_DOUBLE_EQ(record.mean(), 5);
  EXPECT_DOUBLE_EQ(record.stdev(), 0);
}

}  // namespace
}  // namespace wireproof
