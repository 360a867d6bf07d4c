#include "base/kernel_clock.h"

#include <gtest/gtest.h>

#include <ctime>

#include "base/host_clock.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kBoot = 1'700'000'000 * kSecond;

Nanoseconds read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

constexpr Nanoseconds kHour = 3600 * kSecond;

// Sampled at 60 s with the queue seen empty at 50 s.
class SteppedWallClock : public testing::Test {
 protected:
  SteppedWallClock() {
    clock_.begin_poll();
    clock_.saw_empty();
    axis_.advance(10 * kSecond);
    clock_.begin_poll();
    clock_.sample(60 * kSecond, kBoot + 60 * kSecond);
  }

  FakeClock axis_{50 * kSecond};
  KernelClock clock_{CLOCK_REALTIME, axis_};
};

TEST_F(SteppedWallClock, IsFollowedForwardAndBackWithNoStampLost) {
  EXPECT_EQ(clock_.to_axis(kBoot + 55 * kSecond), 55 * kSecond);
  // Stamped before the wall clock was set back by an hour, converted after; and the next frame.
  clock_.sample(61 * kSecond, kBoot + 61 * kSecond - kHour);
  EXPECT_EQ(clock_.to_axis(kBoot + 60 * kSecond + 1), 60 * kSecond + 1);
  EXPECT_EQ(clock_.to_axis(kBoot + 61 * kSecond - kHour), 61 * kSecond);
  // A second burst of those that waited.
  clock_.sample(61 * kSecond + 5, kBoot + 61 * kSecond + 5 - kHour);
  EXPECT_EQ(clock_.to_axis(kBoot + 60 * kSecond + 2), 60 * kSecond + 2);
  // And forward.
  clock_.sample(62 * kSecond, kBoot + 62 * kSecond + kHour);
  EXPECT_EQ(clock_.to_axis(kBoot + 61 * kSecond + 7 - kHour), 61 * kSecond + 7);
  EXPECT_EQ(clock_.to_axis(kBoot + 62 * kSecond + kHour), 62 * kSecond);
}

TEST_F(SteppedWallClock, HasTheLastWordAfterASecond) {
  clock_.sample(61 * kSecond, kBoot + 61 * kSecond + kHour);
  clock_.sample(62 * kSecond + 1, kBoot + 62 * kSecond + kHour);
  EXPECT_EQ(clock_.to_axis(kBoot + 60 * kSecond), 0) << "nothing waits for so long";
}

TEST_F(SteppedWallClock, GivesNoStampThatNeitherSideMakesTrue) {
  clock_.sample(61 * kSecond, kBoot + 61 * kSecond + kHour);
  EXPECT_EQ(clock_.to_axis(kBoot + 61 * kSecond + 2 * kHour), 0);
  EXPECT_EQ(clock_.to_axis(0), 0);
}

TEST_F(SteppedWallClock, IsNotSeenInAClockThatIsSlewed) {
  // 500 ppm for 100 s, the most that NTP slews by.
  clock_.sample(160 * kSecond, kBoot + 160 * kSecond + 50 * kMillisecond);
  EXPECT_EQ(clock_.to_axis(kBoot + 50 * kSecond), 50 * kSecond - 50 * kMillisecond)
      << "a machine that stood still between stamp and queue keeps its longest delays";
}

// A thread that was held up for 6 ms between the readings: the middle is off by 3 ms at the most,
// which is no step of the wall clock; and the longest delays keep their stamps.
TEST_F(SteppedWallClock, IsNotSeenInAReadingThatWasInterrupted) {
  constexpr Nanoseconds kOff = 3 * kMillisecond;
  clock_.sample(61 * kSecond + kOff, kBoot + 61 * kSecond, kOff);
  EXPECT_EQ(clock_.to_axis(kBoot + 61 * kSecond), 61 * kSecond) << "the known offset is better";
  clock_.sample(61 * kSecond + kMillisecond, kBoot + 61 * kSecond + kMillisecond);
  EXPECT_EQ(clock_.to_axis(kBoot + 50 * kSecond - 500 * kMillisecond), 50 * kSecond - kSecond / 2);
  // One that moved by more than it can be wrong is one.
  clock_.sample(62 * kSecond + kOff, kBoot + 62 * kSecond + kHour, kOff);
  EXPECT_EQ(clock_.to_axis(kBoot + 61 * kSecond + 2 * kMillisecond),
            61 * kSecond + 2 * kMillisecond);
}

// The first reading of all, which there is nothing to compare with.
TEST(KernelClock, AWideFirstReadingIsNotAStepOnceANarrowOneComes) {
  FakeClock axis(50 * kSecond);
  KernelClock clock(CLOCK_REALTIME, axis);
  clock.begin_poll();
  clock.saw_empty();
  clock.sample(50 * kSecond + 5 * kMillisecond, kBoot + 50 * kSecond, 5 * kMillisecond);
  clock.sample(51 * kSecond, kBoot + 51 * kSecond);
  EXPECT_EQ(clock.to_axis(kBoot + 50 * kSecond - 500 * kMillisecond), 50 * kSecond - kSecond / 2);
}

// The kernel's time on an axis of its own; the third reading is held up.
class HeldUpClock final : public Clock {
 public:
  [[nodiscard]] Nanoseconds now() const override {
    if (++readings_ == kHeldUp) {
      const timespec time{.tv_sec = 0, .tv_nsec = 6 * kMillisecond};
      clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
    }
    return read(CLOCK_MONOTONIC);
  }
  void sleep_until(Nanoseconds) const override {}

 private:
  static constexpr int kHeldUp = 3;  // begin_poll() takes one, the first try of sample() two
  mutable int readings_ = 0;
};

// Of a burst's readings the first was interrupted: the wall clock did not step, so a frame that
// stood 200 ms in a machine that stood still keeps its stamp.
TEST(KernelClock, AnInterruptedFirstTryIsNoStep) {
  const HeldUpClock axis;
  KernelClock clock(CLOCK_MONOTONIC, axis);
  clock.begin_poll();
  clock.saw_empty();
  clock.sample();
  const Nanoseconds old = read(CLOCK_MONOTONIC) - 200 * kMillisecond;
  EXPECT_NEAR(static_cast<double>(clock.to_axis(old)), static_cast<double>(old), 1e7);
}

// The step comes between the sample of a burst and the stamp of one of its frames.
TEST(KernelClock, AsksAgainForAFrameStampedAfterAnUnseenStep) {
  FakeClock axis(50 * kSecond);
  KernelClock clock(CLOCK_REALTIME, axis);
  clock.begin_poll();
  clock.saw_empty();
  clock.begin_poll();
  const Nanoseconds now = read(CLOCK_REALTIME);
  clock.sample(50 * kSecond, now + kHour);  // the clock says so; then it is set back to the truth
  const Nanoseconds of_frame = clock.to_axis(read(CLOCK_REALTIME));
  EXPECT_NEAR(static_cast<double>(of_frame), 50e9, 1e7);
}

// Half the widest bracket that sample() can have kept on a busy machine, and ours.
void expect_agreement(clockid_t kernel) {
  const HostClock axis;
  KernelClock clock(kernel, axis);
  clock.begin_poll();
  clock.sample();
  const Nanoseconds before = axis.now();
  const Nanoseconds stamp = read(kernel);
  const Nanoseconds after = axis.now();
  const Nanoseconds now = clock.to_axis(stamp);
  EXPECT_GT(now, before - kMillisecond);
  EXPECT_LT(now, after + kMillisecond);
}

TEST(KernelClock, StampsOfBothKernelClocksComeToTheAxis) {
  expect_agreement(CLOCK_REALTIME);
  expect_agreement(CLOCK_MONOTONIC);
}

// An axis that has nothing to do with the kernel's clock: what is not read from it shows.
TEST(KernelClock, FollowsAStampOnlyWhereItHasMovedOn) {
  FakeClock axis(7 * kSecond);
  KernelClock clock(CLOCK_MONOTONIC, axis);
  const Nanoseconds first = read(CLOCK_MONOTONIC);
  clock.follow(first);  // the first of all is always read
  EXPECT_NEAR(static_cast<double>(clock.to_axis(first)), 7e9, 1e7);
  axis.advance(kSecond);
  const Nanoseconds sampled = read(CLOCK_MONOTONIC);
  clock.sample(8 * kSecond, sampled);
  axis.advance(kSecond);
  clock.follow(sampled + KernelClock::kSampleEvery);
  EXPECT_EQ(clock.to_axis(sampled), 8 * kSecond) << "close to the last sample: not read again";
  clock.follow(sampled + KernelClock::kSampleEvery + 1);
  EXPECT_NE(clock.to_axis(sampled), 8 * kSecond) << "too far from it: read again";
}

}  // namespace
}  // namespace wireproof
