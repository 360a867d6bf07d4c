#include "stats/delay_variation.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/random.h"

namespace wireproof {
namespace {

// The delays of frames 0, 1, ... in order; kLost: it did not arrive.
constexpr Nanoseconds kLost = -1;

DelayVariation observe_in_order(const std::vector<Nanoseconds>& delays) {
  DelayVariation variation(1);
  for (std::size_t i = 0; i < delays.size(); ++i) {
    if (delays[i] != kLost) variation.observe(0, i, delays[i], Arrived::kInOrder);
  }
  return variation;
}

TEST(DelayVariation, Rfc3550AppendixA8ToTheLastDigit) {
  constexpr std::array<Nanoseconds, 8> kTransit = {20, 10, 20, 25, 20, 20, 60, 20};
  constexpr std::array<double, 8> kJitter = {0.0,
                                             0.625,
                                             1.2109375,
                                             1.44775390625,
                                             1.669769287109375,
                                             1.565408706665039,
                                             3.967570662498474,
                                             6.2195974960923195};
  DelayVariation variation(2);
  EXPECT_FALSE(variation.jitter(1));
  for (std::size_t i = 0; i < kTransit.size(); ++i) {
    // In the order of arrival, whatever the numbers, and copies too.
    const Arrived arrived = i % 3 == 0   ? Arrived::kInOrder
                            : i % 3 == 1 ? Arrived::kDuplicate
                                         : Arrived::kUnclassified;
    variation.observe(1, i, kTransit[i], arrived);
    if (i == 0) {
      EXPECT_FALSE(variation.jitter(1)) << "one frame has nothing to vary from";
    } else {
      EXPECT_EQ(variation.jitter(1), kJitter[i]);
    }
  }
  EXPECT_EQ(variation.jitter().spaces, 1u);
  EXPECT_EQ(variation.jitter().mean(), kJitter.back());
  EXPECT_EQ(variation.jitter().max, kJitter.back());
}

TEST(DelayVariation, Rfc5481Section4Ipdv) {  // delays of 20 10 20 25 20: -10 10 5 -5
  const DelayVariation variation = observe_in_order({20, 10, 20, 25, 20});
  EXPECT_EQ(variation.ipdv().pairs, 4u);
  EXPECT_EQ(variation.ipdv().sum_abs, 30u);
  EXPECT_EQ(variation.ipdv().mean_abs(), 7.5);
  EXPECT_EQ(variation.ipdv().min, -10);
  EXPECT_EQ(variation.ipdv().max, 10);
  // With the second lost, those of the second and of the third are undefined: 5 -5.
  const DelayVariation with_loss = observe_in_order({20, kLost, 20, 25, 20});
  EXPECT_EQ(with_loss.ipdv().pairs, 2u);
  EXPECT_EQ(with_loss.ipdv().sum_abs, 10u);
  EXPECT_EQ(with_loss.ipdv().min, -5);
  EXPECT_EQ(with_loss.ipdv().max, 5);
}

TEST(DelayVariation, APairIsTheSameWhicheverHalfComesFirst) {
  DelayVariation variation(1);
  variation.observe(0, 0, 100, Arrived::kInOrder);
  variation.observe(0, 2, 130, Arrived::kInOrder);
  EXPECT_EQ(variation.ipdv().pairs, 0u);
  variation.observe(0, 1, 110, Arrived::kReordered);  // +10 and +20
  EXPECT_EQ(variation.ipdv().pairs, 2u);
  EXPECT_EQ(variation.ipdv().min, 10);
  EXPECT_EQ(variation.ipdv().max, 20);
  variation.observe(0, 1, 500, Arrived::kDuplicate);
  EXPECT_EQ(variation.ipdv().pairs, 2u);
}

TEST(DelayVariation, OlderThanItsWindowIsCountedAndHarmsNothing) {
  DelayVariation variation(1, 16);
  ASSERT_EQ(variation.window(), 16u);
  variation.observe(0, 100, 0, Arrived::kInOrder);
  for (const std::uint64_t old : {0u, 1u, 84u, 85u}) {  // 85 is the oldest, 84 the one before it
    variation.observe(0, old, 7'000'000, Arrived::kReordered);
  }
  EXPECT_EQ(variation.outside_window(), 4u);
  variation.observe(0, 101, 5, Arrived::kInOrder);
  EXPECT_EQ(variation.ipdv().pairs, 1u);
  EXPECT_EQ(variation.ipdv().max, 5);
  variation.observe(0, 87, 9, Arrived::kReordered);
  variation.observe(0, 88, 11, Arrived::kReordered);
  EXPECT_EQ(variation.outside_window(), 4u);
  EXPECT_EQ(variation.ipdv().pairs, 2u);
}

TEST(DelayVariation, SpacesDoNotMixAndQueuesMerge) {
  DelayVariation one(2), other(2);
  for (std::uint64_t i = 0; i < 10; ++i) {
    one.observe(0, i, 1000, Arrived::kInOrder);  // constant in each, and far apart
    other.observe(1, i, 9'000'000, Arrived::kInOrder);
  }
  Ipdv ipdv = one.ipdv();
  ipdv.merge(other.ipdv());
  EXPECT_EQ(ipdv.pairs, 18u);
  EXPECT_EQ(ipdv.max, 0);
  SpaceJitter jitter = one.jitter();
  jitter.merge(other.jitter());
  EXPECT_EQ(jitter.spaces, 2u);
  EXPECT_EQ(jitter.max, 0.0);
  one.clear();
  EXPECT_EQ(one.ipdv().pairs, 0u);
  EXPECT_EQ(one.jitter().spaces, 0u);
  one.observe(0, 1, 500, Arrived::kInOrder);
  EXPECT_EQ(one.ipdv().pairs, 0u) << "number 0 was forgotten";
}

TEST(DelayVariation, PercentilesOfTheDifferencesAreSigned) {
  DelayVariation variation(1);
  // A saw of 100 steps up by 1,000 and one down by 100,000.
  for (std::uint64_t i = 0; i < 101 * 200; ++i) {
    variation.observe(0, i, static_cast<Nanoseconds>(i % 101 * 1000), Arrived::kInOrder);
  }
  const SignedHistogram& differences = variation.ipdv().histogram;
  EXPECT_EQ(differences.percentile(0.5), 1000);
  const auto low = differences.percentile(0.001);
  ASSERT_TRUE(low);
  EXPECT_LE(*low, -100'000);
  EXPECT_GE(*low, -100'000 * (1 + Histogram::kResolution));
}

TEST(DelayVariation, WindowShrinksWithTheNumberOfSpaces) {
  EXPECT_EQ(DelayVariation(1).window(), 1024u);
  EXPECT_EQ(DelayVariation(1024).window(), 128u);
  EXPECT_EQ(DelayVariation(4096).window(), 32u);
}

}  // namespace
}  // namespace wireproof
