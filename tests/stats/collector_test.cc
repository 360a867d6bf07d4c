#include "stats/collector.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

// A sender and two receivers of one direction, on a false time.
class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest()
      : collector_({&sender_, &first_, &second_}, {&early_, &late_}, 10 * kMillisecond) {
    collector_.start(kEpoch);
  }

  // Totals, as workers publish them.
  void publish(std::uint64_t offered, std::uint64_t received, std::uint64_t lost) {
    sender_.offered = offered;
    first_.received = received / 3;
    second_.received = received - received / 3;
    first_.lost = lost;
  }

  static constexpr Nanoseconds kEpoch = 7 * kSecond;
  Cell sender_, first_, second_;
  Histogram early_, late_;
  Collector collector_;
};

TEST_F(CollectorTest, EachCountIsTheSumOfItsOwnCells) {
  publish(100, 90, 4);
  const CellSample total = collector_.total();
  EXPECT_EQ(total.offered, 100u);
  EXPECT_EQ(total.received, 90u);
  EXPECT_EQ(total.lost, 4u);
}

TEST_F(CollectorTest, AnIntervalHoldsWhatWasCountedWithinIt) {
  publish(100, 90, 4);
  early_.record(10, 60);
  late_.record(20, 30);
  EXPECT_FALSE(collector_.sample(kEpoch + 10 * kMillisecond - 1));
  EXPECT_TRUE(collector_.sample(kEpoch + 11 * kMillisecond));
  publish(130, 111, 9);
  late_.record(20, 21);
  collector_.finish(kEpoch + 15 * kMillisecond);
  const auto& series = collector_.intervals();
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].start, 0);
  EXPECT_EQ(series[0].end, 11 * kMillisecond);
  EXPECT_EQ(series[0].counted.offered, 100u);
  EXPECT_EQ(series[0].counted.received, 90u);
  EXPECT_EQ(series[0].counted.lost, 4u);
  EXPECT_EQ(series[0].delays.samples(), 90u);
  EXPECT_EQ(series[1].start, 11 * kMillisecond);
  EXPECT_EQ(series[1].end, 15 * kMillisecond);
  EXPECT_EQ(series[1].counted.offered, 30u);
  EXPECT_EQ(series[1].counted.received, 21u);
  EXPECT_EQ(series[1].counted.lost, 5u);
  EXPECT_EQ(series[1].delays.samples(), 21u);
}

TEST_F(CollectorTest, ASecondTrialBeginsFromNothing) {
  publish(100, 90, 4);
  collector_.finish(kEpoch + kMillisecond);
  publish(0, 0, 0);
  early_.clear();
  collector_.start(2 * kEpoch);
  publish(7, 6, 1);
  collector_.finish(2 * kEpoch + kMillisecond);
  ASSERT_EQ(collector_.intervals().size(), 1u);
  EXPECT_EQ(collector_.intervals()[0].end, kMillisecond);
  EXPECT_EQ(collector_.intervals()[0].counted.offered, 7u);
  EXPECT_EQ(collector_.intervals()[0].counted.received, 6u);
}

// However long a trial is: the series stays within its bound, and its sums are those of the trial.
TEST_F(CollectorTest, AThinnedSeriesKeepsItsSums) {
  constexpr std::uint64_t kSamples = Collector::kIntervalsMax + 1;
  for (std::uint64_t i = 1; i <= kSamples; ++i) {
    publish(10 * i, 9 * i, i);
    early_.record(5);
    ASSERT_TRUE(collector_.sample(kEpoch + static_cast<Nanoseconds>(i) * 10 * kMillisecond));
  }
  const auto& series = collector_.intervals();
  ASSERT_EQ(series.size(), Collector::kIntervalsMax / 2 + 1);
  CellSample sum;
  std::uint64_t delays = 0;
  Nanoseconds end = 0;
  for (const CellInterval& one : series) {
    EXPECT_EQ(one.start, end) << "no hole, no overlap";
    end = one.end;
    sum.offered += one.counted.offered;
    sum.received += one.counted.received;
    sum.lost += one.counted.lost;
    delays += one.delays.samples();
  }
  EXPECT_EQ(end, static_cast<Nanoseconds>(kSamples) * 10 * kMillisecond);
  EXPECT_EQ(sum.offered, 10 * kSamples);
  EXPECT_EQ(sum.received, 9 * kSamples);
  EXPECT_EQ(sum.lost, kSamples);
  EXPECT_EQ(delays, kSamples);
  // From now on an interval is twice as long, and ends at a multiple of that.
  end += 10 * kMillisecond;
  EXPECT_FALSE(collector_.sample(kEpoch + end - 1));
  EXPECT_TRUE(collector_.sample(kEpoch + end));
  EXPECT_FALSE(collector_.sample(kEpoch + end + 20 * kMillisecond - 1));
  EXPECT_TRUE(collector_.sample(kEpoch + end + 20 * kMillisecond));
}

TEST_F(CollectorTest, ATrialAfterAThinnedOneHasThePeriodThatWasAskedFor) {
  Collector collector({&sender_}, {}, 10 * kMillisecond);
  collector.start(kEpoch);
  for (std::size_t i = 1; i <= Collector::kIntervalsMax + 1; ++i) {
    collector.sample(kEpoch + static_cast<Nanoseconds>(i) * 10 * kMillisecond);
  }
  ASSERT_EQ(collector.intervals().size(), Collector::kIntervalsMax / 2 + 1);
  collector.start(2 * kEpoch);
  EXPECT_FALSE(collector.sample(2 * kEpoch + 10 * kMillisecond - 1));
  EXPECT_TRUE(collector.sample(2 * kEpoch + 10 * kMillisecond));
}

// So that the series of two ends, each closed a little late, do not run apart.
TEST_F(CollectorTest, HoweverLateAnIntervalIsClosedTheNextEndsOnTheGrid) {
  EXPECT_TRUE(collector_.sample(kEpoch + 19 * kMillisecond));
  EXPECT_FALSE(collector_.sample(kEpoch + 20 * kMillisecond - 1));
  EXPECT_TRUE(collector_.sample(kEpoch + 20 * kMillisecond));
  EXPECT_TRUE(collector_.sample(kEpoch + 47 * kMillisecond)) << "nobody looked for two periods";
  EXPECT_FALSE(collector_.sample(kEpoch + 49 * kMillisecond));
  EXPECT_TRUE(collector_.sample(kEpoch + 50 * kMillisecond));
  EXPECT_EQ(collector_.intervals().size(), 4u);
}

}  // namespace
}  // namespace wireproof
