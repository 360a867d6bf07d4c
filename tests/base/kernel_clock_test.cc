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

TEST(KernelClock, ConvertsAndDistrustsAWallClockStep) {
  FakeClock axis(50 * kSecond);
  KernelClock clock(CLOCK_REALTIME, axis);
  clock.begin_poll();
  clock.saw_empty();
  axis.advance(10 * kSecond);
  clock.begin_poll();
  clock.sample(60 * kSecond, kBoot + 60 * kSecond);
  EXPECT_EQ(clock.to_axis(kBoot + 55 * kSecond), 55 * kSecond);
  // Stamped before the wall clock was set back by an hour, converted after.
  clock.sample(61 * kSecond, kBoot + 61 * kSecond - 3600 * kSecond);
  EXPECT_EQ(clock.to_axis(kBoot + 60 * kSecond), 0);
  // And forward.
  clock.sample(62 * kSecond, kBoot + 62 * kSecond + 3600 * kSecond);
  EXPECT_EQ(clock.to_axis(kBoot + 61 * kSecond), 0);
  // The next frame is right again.
  EXPECT_EQ(clock.to_axis(kBoot + 3662 * kSecond), 62 * kSecond);
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
