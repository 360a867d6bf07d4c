#include "traffic/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/sanitized.h"

namespace wireproof {
namespace {

std::vector<Nanoseconds> all(Schedule schedule) {
  std::vector<Nanoseconds> deadlines;
  for (; schedule.next() != Schedule::kThrough; schedule.pop())
    deadlines.push_back(schedule.next());
  EXPECT_EQ(schedule.popped(), deadlines.size());
  return deadlines;
}

TEST(Schedule, AConstantRateDoesNotDriftInAnHour) {
  // 14,880,952.38 frames a second for an hour: the last deadline is where it belongs, to the ns.
  const double fps = 1e10 / 672;
  Schedule schedule({.start = 7, .duration = 3600 * kSecond, .fps = fps});
  const std::uint64_t frames = schedule.due(7 + 3600 * kSecond);
  EXPECT_EQ(frames, 53'571'428'571u);
  schedule.pop_many(frames - 1);
  EXPECT_NEAR(static_cast<double>(schedule.next() - 7), static_cast<double>(frames - 1) * 67.2,
              1.1);
  schedule.pop();
  EXPECT_EQ(schedule.next(), Schedule::kThrough);
}

TEST(Schedule, EachDeadlineIsTheRoundedDownMultiple) {
  const auto deadlines = all(Schedule({.start = 100, .duration = kMillisecond, .fps = 3e6}));
  ASSERT_EQ(deadlines.size(), 3000u);
  for (std::size_t i = 0; i < deadlines.size(); ++i) {
    EXPECT_EQ(deadlines[i], 100 + static_cast<Nanoseconds>(i * 1000 / 3)) << i;
  }
}

TEST(Schedule, BurstsAreDueAtOnceAndKeepTheMeanRate) {
  const auto deadlines = all(Schedule({.kind = ScheduleKind::kBursty,
                                       .start = 0,
                                       .duration = 10 * kMillisecond,
                                       .fps = 1e6,
                                       .burst_size = 64}));
  ASSERT_EQ(deadlines.size(), 10'000u);
  for (std::size_t i = 0; i < deadlines.size(); ++i) {
    EXPECT_EQ(deadlines[i], static_cast<Nanoseconds>(i / 64 * 64'000)) << i;
  }
}

TEST(Schedule, AStepIsASecondScheduleBehindTheFirst) {
  for (const std::uint32_t queues : {1u, 3u}) {
    std::vector<Nanoseconds> deadlines;
    for (std::uint32_t queue = 0; queue < queues; ++queue) {
      const auto of_queue = all(Schedule({.start = 100,
                                          .duration = 30 * kMillisecond,
                                          .fps = 1e6,
                                          .step_at = 10 * kMillisecond,
                                          .step_fps = 25e4,
                                          .queue = queue,
                                          .queues = queues}));
      deadlines.insert(deadlines.end(), of_queue.begin(), of_queue.end());
    }
    std::sort(deadlines.begin(), deadlines.end());
    ASSERT_EQ(deadlines.size(), 10'000u + 5'000u);
    for (std::size_t i = 0; i < deadlines.size(); ++i) {
      const auto expected = static_cast<Nanoseconds>(
          i < 10'000 ? i * 1000 : std::size_t{10'000'000} + (i - 10'000) * 4000);
      ASSERT_EQ(deadlines[i], 100 + expected) << i;
    }
  }
}

TEST(Schedule, WhatIsDueIsTheSameAcrossAStep) {
  for (const ScheduleKind kind :
       {ScheduleKind::kConstant, ScheduleKind::kBursty, ScheduleKind::kPoisson}) {
    const ScheduleSpec spec{.kind = kind,
                            .start = 0,
                            .duration = 20 * kMillisecond,
                            .fps = 2e5,
                            .step_at = 7 * kMillisecond,
                            .step_fps = 3e4,
                            .burst_size = 8,
                            .seed = 5};
    const auto deadlines = all(Schedule(spec));
    for (Nanoseconds now = 0; now < 21 * kMillisecond; now += 333 * kMicrosecond) {
      const auto due = static_cast<std::uint64_t>(
          std::upper_bound(deadlines.begin(), deadlines.end(), now) - deadlines.begin());
      ASSERT_EQ(Schedule(spec).due(now), due) << now;
      Schedule skipping(spec);
      skipping.pop_many(due);
      ASSERT_EQ(skipping.popped(), due);
      ASSERT_EQ(skipping.next(), due < deadlines.size() ? deadlines[due] : Schedule::kThrough);
      // From in the middle as well.
      Schedule begun(spec);
      begun.pop_many(due / 2);
      ASSERT_EQ(begun.due(now), due - due / 2) << now;
    }
  }
}

TEST(Schedule, AFirstPartWithoutAFrameIsPassed) {
  const auto deadlines = all(Schedule(
      {.start = 0, .duration = kSecond, .fps = 1, .step_at = 100 * kMillisecond, .step_fps = 10}));
  ASSERT_EQ(deadlines.size(), 9u);
  EXPECT_EQ(deadlines.front(), 100 * kMillisecond);
}

TEST(Schedule, TheMeanGapIsOfBothParts) {
  const Schedule schedule(
      {.start = 0, .duration = 3 * kSecond, .fps = 100, .step_at = kSecond, .step_fps = 25});
  EXPECT_DOUBLE_EQ(schedule.gap_ns(), 3e9 / 150);
}

TEST(Schedule, PoissonGapsHaveTheExponentialLaw) {
  const ScheduleSpec spec{.kind = ScheduleKind::kPoisson,
                          .start = 5,
                          .duration = 2 * kSecond,
                          .fps = 50'000,
                          .seed = 9};
  const auto deadlines = all(Schedule(spec));
  EXPECT_EQ(deadlines, all(Schedule(spec)));  // the seed decides, and nothing else
  const auto count = static_cast<double>(deadlines.size());
  EXPECT_NEAR(count, 100'000, 4 * std::sqrt(100'000));
  EXPECT_LT(deadlines.back(), 5 + spec.duration);
  // Kolmogorov-Smirnov against 1 - exp(-x): the 0.1 % bound is 1.95 / sqrt(n).
  std::vector<double> gaps;
  Nanoseconds last = 5;
  for (const Nanoseconds at : deadlines) {
    gaps.push_back(static_cast<double>(at - last) / 20'000);
    last = at;
  }
  std::sort(gaps.begin(), gaps.end());
  double worst = 0;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const double expected = 1 - std::exp(-gaps[i]);
    worst = std::max(worst, std::abs(expected - static_cast<double>(i) / count));
  }
  EXPECT_LT(worst, 1.95 / std::sqrt(count));
}

// Deadlines of all queues of a direction, in order, those of one time together.
std::vector<Nanoseconds> of_all_queues(ScheduleSpec spec) {
  std::vector<Nanoseconds> deadlines;
  for (spec.queue = 0; spec.queue < spec.queues; ++spec.queue) {
    const auto of_one = all(Schedule(spec));
    deadlines.insert(deadlines.end(), of_one.begin(), of_one.end());
  }
  std::sort(deadlines.begin(), deadlines.end());
  return deadlines;
}

TEST(Schedule, ManyQueuesAskForTheFramesOfOneAtItsTimes) {
  Random random(12);
  for (int round = 0; round < (sanitized() ? 200 : 2000); ++round) {
    // Up to some 2,000 frames, often fewer than there are queues; whole rates every other time, so
    // that frames or halves of them come out even.
    const auto duration = static_cast<Nanoseconds>(1 + random.below(300)) * 10 * kMillisecond;
    const std::uint64_t millihertz = 400 + random.below(700'000);
    const std::uint64_t exact = round % 2 == 0 ? millihertz : millihertz / 1000 * 1000 + 1000;
    const bool bursty = random.below(3) == 0;
    const ScheduleSpec spec{
        .kind = bursty ? ScheduleKind::kBursty : ScheduleKind::kConstant,
        .start = static_cast<Nanoseconds>(random.below(1'000'000)),
        .duration = duration,
        .fps = static_cast<double>(exact) / 1000,
        .burst_size = bursty ? static_cast<std::uint32_t>(2 + random.below(200)) : 1,
        .queues = static_cast<std::uint32_t>(1 + random.below(64))};
    // By whole numbers: exact mHz * ns / 10^12, a half up.
    __extension__ using Wide = unsigned __int128;
    const Wide scale = 1'000'000'000'000;
    const Wide product = Wide{exact} * static_cast<std::uint64_t>(duration);
    const auto total = static_cast<std::uint64_t>((product + scale / 2) / scale);
    EXPECT_EQ(frames_in(spec.fps, duration), total);
    const auto deadlines = of_all_queues(spec);
    ASSERT_EQ(deadlines.size(), total)
        << exact << " mHz, " << duration << " ns, " << spec.queues << " queues";
    for (std::size_t k = 0; k < total; ++k) {
      const Wide burst = k / spec.burst_size * spec.burst_size;
      const auto at = static_cast<Nanoseconds>(burst * scale / exact);
      ASSERT_NEAR(static_cast<double>(deadlines[k] - spec.start), static_cast<double>(at), 1) << k;
      ASSERT_LT(deadlines[k], spec.start + duration);
    }
  }
}

TEST(Schedule, QueuesTakeTurnsBurstByBurst) {
  ScheduleSpec spec{
      .kind = ScheduleKind::kBursty, .duration = kSecond, .fps = 100, .burst_size = 8, .queues = 3};
  // 100 frames are twelve bursts of 8 and one of 4, every 80 ms.
  const std::size_t frames[] = {36, 32, 32};
  for (; spec.queue < spec.queues; ++spec.queue) {
    const auto deadlines = all(Schedule(spec));
    ASSERT_EQ(deadlines.size(), frames[spec.queue]);
    for (std::size_t i = 0; i < deadlines.size(); ++i) {
      EXPECT_EQ(deadlines[i], static_cast<Nanoseconds>(i / 8 * 3 + spec.queue) * 80 * kMillisecond);
    }
  }
}

TEST(Schedule, PoissonQueuesHaveTheRateTogether) {
  ScheduleSpec spec{
      .kind = ScheduleKind::kPoisson, .duration = 2 * kSecond, .fps = 10'000, .queues = 5};
  std::size_t frames = 0;
  for (; spec.queue < spec.queues; ++spec.queue) {
    spec.seed = spec.queue + 1;
    frames += all(Schedule(spec)).size();
  }
  EXPECT_NEAR(static_cast<double>(frames), 20'000, 5 * std::sqrt(20'000));
}

TEST(Schedule, DueAndPopManyAreAsPoppingOneByOne) {
  for (const ScheduleKind kind :
       {ScheduleKind::kConstant, ScheduleKind::kPoisson, ScheduleKind::kBursty}) {
    Random random(4);
    for (int round = 0; round < 200; ++round) {
      const ScheduleSpec spec{.kind = kind,
                              .start = 1000,
                              .duration = 3 * kMillisecond,
                              .fps = 1000 + random.uniform() * 2e6,
                              .burst_size = static_cast<std::uint32_t>(1 + random.below(40)),
                              .seed = random.next(),
                              .queue = static_cast<std::uint32_t>(random.below(3)),
                              .queues = 3};
      const auto deadlines = all(Schedule(spec));
      Schedule schedule(spec);
      std::size_t popped = 0;
      while (popped < deadlines.size()) {
        const auto now = static_cast<Nanoseconds>(random.below(4 * kMillisecond));
        const auto until = static_cast<std::size_t>(
            std::upper_bound(deadlines.begin(), deadlines.end(), now) - deadlines.begin());
        ASSERT_EQ(schedule.due(now), until - std::min(until, popped));
        const std::uint64_t step = random.below(deadlines.size() - popped + 1);
        schedule.pop_many(step);
        popped += step;
        ASSERT_EQ(schedule.next(),
                  popped == deadlines.size() ? Schedule::kThrough : deadlines[popped]);
      }
    }
  }
}

}  // namespace
}  // namespace wireproof
