#include "io/tx_stamps.h"

#include <gtest/gtest.h>

#include <array>

namespace wireproof {
namespace {

constexpr int kNoSocket = -1;  // has no error queue

class TxStampsTest : public testing::Test {
 protected:
  [[nodiscard]] TxStampSamples sum() const {
    const std::array<const TxStamps*, 1> one{&stamps_};
    return TxStamps::sum(one);
  }
  // One question, answered after `wait`.
  void ask(Nanoseconds wait) {
    clock_.advance(kMillisecond);
    ASSERT_TRUE(stamps_.due(TxStamps::kEvery, kNoSocket));
    stamps_.asked(clock_.now());
    stamps_.answer(clock_.now() + wait);
  }
  FakeClock clock_{5 * kSecond};
  TxStamps stamps_{clock_};
};

TEST_F(TxStampsTest, AskForFewFramesAndOneAtATime) {
  EXPECT_FALSE(stamps_.due(TxStamps::kEvery - 1, kNoSocket));
  EXPECT_TRUE(stamps_.due(1, kNoSocket));
  stamps_.asked(clock_.now());
  stamps_.answer(clock_.now() + 700);
  EXPECT_FALSE(stamps_.due(TxStamps::kEvery, kNoSocket)) << "within a millisecond of the last";
  clock_.advance(TxStamps::kApart);
  EXPECT_TRUE(stamps_.due(TxStamps::kEvery, kNoSocket));
  stamps_.asked(clock_.now());
  clock_.advance(TxStamps::kPatience - 1);
  EXPECT_FALSE(stamps_.due(TxStamps::kEvery, kNoSocket)) << "the last is awaited";
  EXPECT_EQ(sum().missing, 0u);
  clock_.advance(1);
  EXPECT_TRUE(stamps_.due(TxStamps::kEvery, kNoSocket));
  const TxStampSamples samples = sum();
  EXPECT_EQ(samples.asked, 2u);
  EXPECT_EQ(samples.answered, 1u);
  EXPECT_EQ(samples.missing, 1u);
}

TEST_F(TxStampsTest, LeastMedianAndMost) {
  EXPECT_EQ(sum().wait_max_ns, 0);
  for (const Nanoseconds wait : {900, 1000, 1100, 1200, 500'000}) ask(wait);
  const TxStampSamples samples = sum();
  EXPECT_EQ(samples.answered, 5u);
  EXPECT_EQ(samples.wait_min_ns, 900);
  EXPECT_EQ(samples.wait_max_ns, 500'000);
  EXPECT_GE(samples.wait_p50_ns, 1100);
  EXPECT_LE(samples.wait_p50_ns, 1100 * 1.13);
}

TEST_F(TxStampsTest, AnAnswerThatCannotBeOfThisFrameIsNone) {
  ask(900);
  clock_.advance(kMillisecond);
  stamps_.asked(clock_.now());
  stamps_.answer(clock_.now() - 2 * kMicrosecond);  // of one that was given up
  stamps_.answer(0);                                // cannot be true (KernelClock)
  stamps_.answer(clock_.now() + kSecond);
  EXPECT_EQ(sum().answered, 1u);
  stamps_.answer(clock_.now() - 500);  // two clocks, read apart
  stamps_.answer(clock_.now() + 100);  // a second one to one question
  EXPECT_EQ(sum().answered, 2u);
  EXPECT_EQ(sum().wait_min_ns, 0);
}

TEST_F(TxStampsTest, QueuesAddUp) {
  ask(900);
  TxStamps other(clock_);
  other.asked(clock_.now());
  other.answer(clock_.now() + 300);
  const std::array<const TxStamps*, 2> both{&stamps_, &other};
  const TxStampSamples samples = TxStamps::sum(both);
  EXPECT_EQ(samples.asked, 2u);
  EXPECT_EQ(samples.wait_min_ns, 300);
  EXPECT_EQ(samples.wait_max_ns, 900);
}

}  // namespace
}  // namespace wireproof
