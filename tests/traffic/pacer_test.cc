#include "traffic/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace wireproof {
namespace {

TEST(Pacer, SendsExactlyTheFramesOfTheSchedule) {
  Random random(5);
  for (int round = 0; round < 500; ++round) {
    const double fps = 1000 + random.uniform() * 2e6;
    const auto duration = static_cast<Nanoseconds>(kMillisecond + random.below(5 * kMillisecond));
    Pacer pacer({.start = 1000, .duration = duration, .fps = fps, .burst = 64});
    std::uint64_t sent = 0;
    Nanoseconds now = 0;
    while (!pacer.finished(now)) {
      const auto granted = pacer.grant(now);
      pacer.sent(granted);
      sent += granted;
      now += static_cast<Nanoseconds>(random.below(20'000));  // never 64 gaps at 2 Mpps
    }
    const double wanted = fps * static_cast<double>(duration) * 1e-9;
    EXPECT_NEAR(static_cast<double>(sent), wanted, 0.5 + 1e-6);
    EXPECT_EQ(pacer.intended(now), sent);
    EXPECT_EQ(pacer.stalls(), 0u);
  }
}

TEST(Pacer, BackToBackEndsAfterSoManyFramesOrWithTheTime) {
  Pacer pacer({.start = 0, .duration = kSecond, .frames = 100, .burst = 64});
  EXPECT_EQ(pacer.grant(0), 64u);
  pacer.sent(60);
  EXPECT_EQ(pacer.grant(1), 40u);
  pacer.sent(40);
  EXPECT_EQ(pacer.grant(2), 0u);
  EXPECT_TRUE(pacer.finished(2));
  EXPECT_EQ(pacer.intended(2), 100u);
  Pacer slow({.start = 0, .duration = kMillisecond, .frames = 100, .burst = 64});
  slow.sent(slow.grant(0));
  EXPECT_FALSE(slow.finished(1));
  EXPECT_EQ(slow.grant(kMillisecond), 0u);
  EXPECT_TRUE(slow.finished(kMillisecond));
}

TEST(Pacer, NeverAheadOfTheSchedule) {
  Pacer pacer({.start = 0, .duration = kSecond, .fps = 1e6, .burst = 32});
  EXPECT_EQ(pacer.grant(-1), 0u);
  EXPECT_EQ(pacer.grant(0), 1u);
  pacer.sent(1);
  EXPECT_EQ(pacer.grant(999), 0u);
  EXPECT_EQ(pacer.next_deadline(), 1000);
  EXPECT_EQ(pacer.grant(1000), 1u);
}

TEST(Pacer, CatchesUpOneBurstAtMostAndCountsTheRest) {
  Pacer pacer({.start = 0, .duration = kMillisecond, .fps = 1e6, .burst = 32});
  pacer.sent(pacer.grant(0));
  EXPECT_EQ(pacer.grant(100 * kMicrosecond), 32u);  // 100 were due
  pacer.sent(32);
  EXPECT_EQ(pacer.grant(100 * kMicrosecond), 0u);
  EXPECT_EQ(pacer.next_deadline(), 101 * kMicrosecond);
  EXPECT_EQ(pacer.stalls(), 1u);
  EXPECT_EQ(pacer.skipped_lateness_max(), 99 * kMicrosecond);
  while (!pacer.finished(2 * kMillisecond)) pacer.sent(pacer.grant(2 * kMillisecond));
  EXPECT_EQ(pacer.intended(2 * kMillisecond), 1000u);
  EXPECT_EQ(pacer.sent_so_far(), 1u + 32u + 32u);
}

TEST(Pacer, WhatIsNotTakenIsGrantedAgainAndEndsWithTheTime) {
  Pacer pacer({.start = 0, .duration = kMillisecond, .fps = 1e6, .burst = 4});
  for (Nanoseconds now = 0; now < kMillisecond; now += 1000) EXPECT_GE(pacer.grant(now), 1u);
  EXPECT_FALSE(pacer.finished(kMillisecond));  // the last burst may still be taken
  EXPECT_TRUE(pacer.finished(3 * kMillisecond));
  EXPECT_EQ(pacer.sent_so_far(), 0u);
  EXPECT_EQ(pacer.intended(3 * kMillisecond), 1000u);
}

TEST(Pacer, MaximumRateSendsUntilTheTimeIsOver) {
  Pacer pacer({.start = 10, .duration = 100, .fps = 0, .burst = 8});
  EXPECT_EQ(pacer.grant(9), 0u);
  EXPECT_EQ(pacer.grant(50), 8u);
  pacer.sent(8);
  EXPECT_EQ(pacer.grant(110), 0u);
  EXPECT_TRUE(pacer.finished(110));
  EXPECT_EQ(pacer.intended(110), 8u);
}

// What a pacer asks for depends on the schedule and the time alone, not on when it was looked at,
// what the device took, or what was skipped.
TEST(Pacer, IntendsEveryFrameOfAnyScheduleHoweverItIsKept) {
  Random random(11);
  for (const ScheduleKind kind : {ScheduleKind::kPoisson, ScheduleKind::kBursty}) {
    for (int round = 0; round < 200; ++round) {
      const PacerSpec spec{.start = 1000,
                           .duration = 3 * kMillisecond,
                           .fps = 20'000 + random.uniform() * 2e6,
                           .burst = static_cast<std::uint32_t>(32 + random.below(100)),
                           .schedule = kind,
                           .burst_size = static_cast<std::uint32_t>(2 + random.below(31)),
                           .seed = random.next()};
      std::vector<Nanoseconds> due;
      for (Schedule all({.kind = kind,
                    .start = spec.start,
                    .duration = spec.duration,
                    .fps = spec.fps,
                    .burst_size = spec.burst_size,
                    .seed = spec.seed});
           all.next() != Schedule::kThrough; all.pop()) {
        due.push_back(all.next());
      }
      const auto until = [&due](Nanoseconds now) {
        return static_cast<std::uint64_t>(std::upper_bound(due.begin(), due.end(), now) -
                                          due.begin());
      };
      Pacer pacer(spec);
      std::size_t oldest = 0;  // that may still be granted
      for (Nanoseconds now = 0; !pacer.finished(now);) {
        const std::uint32_t granted = pacer.grant(now);
        ASSERT_LE(granted, spec.burst);
        // Those granted are the latest that are due, in order.
        for (std::uint32_t i = 0; i < granted; ++i) {
          ASSERT_EQ(pacer.deadlines()[i], due[until(now) - granted + i]);
        }
        oldest = until(now) - granted;
        const auto taken = static_cast<std::uint32_t>(random.below(granted + 1));
        pacer.sent(taken);
        ASSERT_LE(pacer.sent_so_far(), oldest + taken);
        ASSERT_EQ(pacer.intended(now), until(now));
        now += static_cast<Nanoseconds>(random.below(random.below(20) == 0 ? 400'000 : 20'000));
      }
      EXPECT_EQ(pacer.intended(kSecond), due.size());
    }
  }
}

// Three at once are within any device's room: a stall of ten frames is left out down to those as
// long as the trial may leave so many out, then caught up and marked, with all behind it.
TEST(Pacer, ABurstBeyondTheScheduleIsMarkedAndAvoidedWhileFramesMayBeLeftOut) {
  Pacer pacer(
      {.start = 0, .duration = kSecond, .fps = 10'000, .burst = 1024, .room = 3, .spare = 7});
  pacer.sent(pacer.grant(0));
  EXPECT_EQ(pacer.grant(kMillisecond), 3u);  // 10 were due
  EXPECT_FALSE(pacer.catching_up());
  pacer.sent(3);
  EXPECT_EQ(pacer.at_once_max(), 3u);
  EXPECT_EQ(pacer.grant(2 * kMillisecond), 10u);  // not one more may be left out
  EXPECT_TRUE(pacer.catching_up());
  pacer.sent(10);
  EXPECT_EQ(pacer.at_once_max(), 10u);
  EXPECT_EQ(pacer.displaced(), 10u);
  std::uint64_t behind = 0;
  Nanoseconds now = 2 * kMillisecond;
  for (; pacer.grant(now) == 0 || pacer.catching_up(); now += 100 * kMicrosecond) {
    const std::uint32_t granted = pacer.grant(now);
    pacer.sent(granted);
    behind += granted;
  }
  EXPECT_EQ(behind, 300u);  // a hundred times the room
  EXPECT_EQ(pacer.marked(), 310u);
  EXPECT_EQ(pacer.displaced(), 10u);  // the others left alone, each at its time
  EXPECT_EQ(pacer.intended(now), pacer.sent_so_far() + 7 + pacer.grant(now));
}

TEST(Pacer, WhatTheUserAllowsIsNeverBeyondTheSchedule) {
  Pacer pacer({.start = 0, .duration = kSecond, .fps = 10'000, .burst = 64, .room = 64});
  pacer.sent(pacer.grant(0));
  EXPECT_EQ(pacer.grant(50 * kMillisecond), 64u);
  EXPECT_FALSE(pacer.catching_up());
  pacer.sent(64);
  EXPECT_EQ(pacer.marked(), 0u);
  EXPECT_EQ(pacer.at_once_max(), 64u);
}

TEST(Pacer, AStallIsCountedAndItsWorstLatenessIsOfTheOldestSkipped) {
  Pacer pacer({.start = 0,
               .duration = kMillisecond,
               .fps = 1e6,
               .burst = 32,
               .schedule = ScheduleKind::kBursty,
               .burst_size = 16});  // 16 every 16 us
  EXPECT_EQ(pacer.grant(0), 16u);
  pacer.sent(16);
  EXPECT_EQ(pacer.grant(15'999), 0u);
  EXPECT_EQ(pacer.grant(64'000), 32u);  // of four bursts the last two
  EXPECT_EQ(pacer.deadlines().front(), 48'000);
  EXPECT_EQ(pacer.stalls(), 1u);
  EXPECT_EQ(pacer.skipped_lateness_max(), 48'000);  // of the burst due at 16 us
  EXPECT_EQ(pacer.gap_ns(), 1000);
}

TEST(Pacer, InterruptedIntendsWhatWasDue) {
  Pacer pacer({.start = 0, .duration = kSecond, .fps = 1000, .burst = 8});
  for (Nanoseconds now = 0; now < 100 * kMillisecond; now += kMillisecond) {
    pacer.sent(pacer.grant(now));
  }
  EXPECT_EQ(pacer.sent_so_far(), 100u);
  EXPECT_EQ(pacer.intended(99 * kMillisecond), 100u);
}

}  // namespace
}  // namespace wireproof
