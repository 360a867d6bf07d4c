#include "base/tick_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/random.h"

namespace wireproof {
namespace {

// A counter of 2.6 GHz that has run for days, and a reference that was 5 s at its 0-th tick here.
constexpr double kGhz = 2.6;
constexpr std::uint64_t kOrigin = 1'000'000'000'000'000;
constexpr std::uint64_t kHalfWidth = 52;  // 20 ns

std::uint64_t ticks_at(Nanoseconds since) {
  return kOrigin + static_cast<std::uint64_t>(static_cast<double>(since) * kGhz);
}

TickReading reading_at(Nanoseconds since, Nanoseconds error = 0) {
  return {ticks_at(since), 5 * kSecond + since + error, kHalfWidth};
}

TEST(TickLine, ConvertsTicksOnBothSidesOfTheFit) {
  TickLine line;
  line.begin(reading_at(0), reading_at(10 * kMillisecond));
  EXPECT_NEAR(static_cast<double>(line.at(ticks_at(0))), 5e9, 2);
  EXPECT_NEAR(static_cast<double>(line.at(ticks_at(10 * kMillisecond))), 5.01e9, 2);
  // A rate that is exact to a tick in 10 ms is right to some 40 ns in a second.
  EXPECT_NEAR(static_cast<double>(line.at(ticks_at(kSecond))), 6e9, 100);
  EXPECT_NEAR(line.ticks_per_ns(), kGhz, 1e-6);
  // Two readings of +-20 ns and 2 ns of rounding over 10 ms.
  EXPECT_NEAR(line.rate_error_ppb(), 4200, 10);
}

TEST(TickLine, TheErrorShrinksWithTheBaseline) {
  TickLine line;
  line.begin(reading_at(0), reading_at(10 * kMillisecond, 20));  // 2 ppm too slow
  line.refit(reading_at(kSecond), ticks_at(kSecond));
  // 42 ns over 1 s, and bent to make good the 2 us by which it is ahead.
  EXPECT_NEAR(line.rate_error_ppb(), 42 + TickLine::Limits{}.slew_max_ppb, 1);
  for (int second = 2; second <= 10; ++second) {
    line.refit(reading_at(second * kSecond), ticks_at(second * kSecond));
  }
  EXPECT_LT(line.rate_error_ppb(), 5);
  EXPECT_NEAR(static_cast<double>(line.at(ticks_at(11 * kSecond))), 16e9, 50)
      << "and it is back on the reference";
}

// Readings with errors of up to their width, re-fits at odd times, a thread that reads all along.
TEST(TickLine, TimeNeverGoesBack) {
  Random random(4);
  TickLine line;
  line.begin(reading_at(0), reading_at(10 * kMillisecond, 20));
  Nanoseconds since = 10 * kMillisecond;
  std::uint64_t ticks = ticks_at(since);
  Nanoseconds last = line.at(ticks);
  for (int fit = 0; fit < 300; ++fit) {
    since += (20 + static_cast<Nanoseconds>(random.next() % 500)) * kMillisecond;
    ticks = std::max(ticks, ticks_at(since - kMillisecond));
    const auto error = static_cast<Nanoseconds>(random.next() % 41) - 20;
    const std::uint64_t now = ticks_at(since);
    for (; ticks < now; ticks += 9973) {
      ASSERT_GE(line.at(ticks), last);
      last = line.at(ticks);
    }
    line.refit(reading_at(since, error), now);
    // Through the moment at which the new segment begins, tick by tick where they meet.
    const auto start = now + static_cast<std::uint64_t>(kMillisecond * kGhz);
    for (; ticks < start - 2000; ticks += 4999) {
      ASSERT_GE(line.at(ticks), last);
      last = line.at(ticks);
    }
    for (; ticks < start + 2000; ++ticks) {
      ASSERT_GE(line.at(ticks), last) << "fit " << fit;
      last = line.at(ticks);
    }
  }
  EXPECT_NEAR(static_cast<double>(line.at(ticks_at(since))),
              static_cast<double>(5 * kSecond + since), 100);
}

// A NIC's crystal that runs 20 ppm faster after the first 30 s.
TEST(TickLine, AShortBaselineFollowsARateThatChanges) {
  TickLine line({.slew_max_ppb = 500'000, .baseline_max = 8 * kSecond});
  line.begin(reading_at(0), reading_at(100 * kMillisecond));
  TickReading reading = reading_at(100 * kMillisecond);
  for (int second = 1; second <= 60; ++second) {
    const double rate = second <= 30 ? kGhz : kGhz * (1 + 20e-6);
    const Nanoseconds before = reading.reference;
    reading.reference = 5 * kSecond + second * kSecond;
    reading.ticks +=
        static_cast<std::uint64_t>(static_cast<double>(reading.reference - before) * rate);
    const Nanoseconds behind = line.behind(reading);
    EXPECT_LT(std::abs(behind), second == 31                  ? 20'100
                                : second <= 30 || second > 50 ? 100
                                                              : 20'000)
        << second;
    line.refit(reading, reading.ticks);
  }
  EXPECT_NEAR(line.ticks_per_ns(), kGhz * (1 + 20e-6), 1e-6);
}

TEST(TickLine, ACounterThatWasSetIsTakenUpWhereItIs) {
  TickLine line;
  line.begin(reading_at(0), reading_at(kSecond));
  TickReading set = reading_at(3 * kSecond);
  set.reference = 7 * kSecond;  // the counter jumped a second ahead
  line.begin_again(set);
  EXPECT_EQ(line.at(set.ticks), 7 * kSecond);
  set.ticks = ticks_at(4 * kSecond);
  EXPECT_NEAR(static_cast<double>(line.at(set.ticks)), 8e9, 2);
}

}  // namespace
}  // namespace wireproof
