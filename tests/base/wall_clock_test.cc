#include "base/wall_clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace wireproof {
namespace {

TEST(WallClock, ConvertsAndDistrustsAWallClockStep) {
  constexpr Nanoseconds kBoot = 1'700'000'000 * kSecond;
  WallClock clock;
  clock.begin_poll(50 * kSecond);
  clock.saw_empty();
  clock.begin_poll(60 * kSecond);
  clock.sample(60 * kSecond, kBoot + 60 * kSecond);
  EXPECT_EQ(clock.to_monotonic(kBoot + 55 * kSecond), 55 * kSecond);
  // Stamped before the wall clock was set back by an hour, converted after.
  clock.sample(61 * kSecond, kBoot + 61 * kSecond - 3600 * kSecond);
  EXPECT_EQ(clock.to_monotonic(kBoot + 60 * kSecond), 0);
  // And forward.
  clock.sample(62 * kSecond, kBoot + 62 * kSecond + 3600 * kSecond);
  EXPECT_EQ(clock.to_monotonic(kBoot + 61 * kSecond), 0);
  // The next frame is right again.
  EXPECT_EQ(clock.to_monotonic(kBoot + 3662 * kSecond), 62 * kSecond);
}

TEST(WallClock, AReadingOfBothClocksAgreesWithTheNext) {
  WallClock clock;
  clock.begin_poll(MonotonicClock().now());
  clock.sample();
  timespec realtime{};
  const Nanoseconds before = MonotonicClock().now();
  clock_gettime(CLOCK_REALTIME, &realtime);
  const Nanoseconds after = MonotonicClock().now();
  const Nanoseconds now = clock.to_monotonic(realtime.tv_sec * kSecond + realtime.tv_nsec);
  // Half the widest bracket that sample() can have kept on a busy machine, and ours.
  EXPECT_GT(now, before - kMillisecond);
  EXPECT_LT(now, after + kMillisecond);
}

}  // namespace
}  // namespace wireproof
