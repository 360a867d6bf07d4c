#include "io/counter.h"

#include <gtest/gtest.h>

#include "engine/growth.h"

namespace wireproof {
namespace {

TEST(Counter, AddsUpFromWhereItBegan) {
  Counter counter;
  counter.begin(1000);
  EXPECT_EQ(counter.read(1000), 0u);
  EXPECT_EQ(counter.read(1007), 7u);
  EXPECT_EQ(counter.read(1010), 3u);
  EXPECT_EQ(counter.total(), 10u);
  EXPECT_EQ(counter.times_back(), 0u);
}

TEST(Counter, SetBackItGoesOnFromWhatItShowsAndSaysSo) {
  Counter counter;
  counter.begin(1000);
  counter.read(1005);
  EXPECT_EQ(counter.read(2), 2u);
  EXPECT_EQ(counter.total(), 7u);
  EXPECT_EQ(counter.times_back(), 1u);
  EXPECT_EQ(counter.read(4), 2u);
  EXPECT_EQ(counter.times_back(), 1u);
}

// A wrapped counter of 32 bits and one that was set back look alike: neither is guessed.
TEST(Counter, AWrapIsNeverAHugeGrowth) {
  Counter counter;
  counter.begin(0xffff'fff0u);
  EXPECT_EQ(counter.read(5), 5u);
  EXPECT_EQ(counter.times_back(), 1u);
}

TEST(Unexplained, IsWhatTheOtherCounterDoesNotKnow) {
  Unexplained left;
  left.step(10, 4);
  EXPECT_EQ(left.total(), 6u);
  left.step(3, 3);
  EXPECT_EQ(left.total(), 6u);
}

TEST(Unexplained, AnExplanationMayBeEarly) {
  Unexplained left;
  left.step(0, 2);
  left.step(2, 0);
  EXPECT_EQ(left.total(), 0u);
  left.step(0, 2);
  left.step(0, 0);  // read twice in a row
  left.step(2, 0);
  EXPECT_EQ(left.total(), 0u);
  left.step(2, 0);
  EXPECT_EQ(left.total(), 2u) << "each explains one event";
}

// A listener that takes what the other counter calls unheard: it must not hide real drops later.
TEST(Unexplained, ExplanationsWithoutEventsDoNotPileUp) {
  Unexplained left;
  for (int i = 0; i < 1000; ++i) left.step(0, 5);
  left.step(500, 5);
  EXPECT_EQ(left.total(), 490u);
}

TEST(Grown, CannotBeToldWhereAnEndIsMissingOrItWentBack) {
  EXPECT_EQ(grown(3, 10), 7u);
  EXPECT_EQ(grown(3, 3), 0u);
  EXPECT_EQ(grown(std::nullopt, 3), std::nullopt);
  EXPECT_EQ(grown(3, std::nullopt), std::nullopt);
  EXPECT_EQ(grown(10, 3), std::nullopt);
}

}  // namespace
}  // namespace wireproof
