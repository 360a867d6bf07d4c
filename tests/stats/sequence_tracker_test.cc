#include "stats/sequence_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"

namespace wireproof {
namespace {

// RFC 4737 section 3.3 and RFC 5560 the slow way, with unbounded memory.
struct SlowTracker {
  std::set<std::uint64_t> seen;
  std::uint64_t next = 0;
  Arrived observe(std::uint64_t sequence) {
    if (!seen.insert(sequence).second) return Arrived::kDuplicate;
    if (sequence < next) return Arrived::kReordered;
    next = sequence + 1;
    return Arrived::kInOrder;
  }
};

struct ReorderingVector {
  std::vector<std::uint64_t> arrivals;  // from 1, as the RFC counts
  std::uint64_t duplicates;
  std::vector<std::uint64_t> extents;
  std::vector<std::uint64_t> degrees;  // of each reordered one, n of n-reordering
  std::vector<std::uint64_t> skipped;  // at each discontinuity
  std::vector<std::uint64_t> free_runs;
};

// RFC 4737 sections 7.1 to 7.3, then a copy, a loss, and neighbours changed about.
const std::vector<ReorderingVector> kReorderingVectors = {
    {{1, 2, 3, 5, 6, 7, 8, 4, 9, 10}, 0, {4}, {4}, {1}, {7, 2}},
    {{1, 2, 3, 4, 7, 5, 6, 8, 9, 10}, 0, {1, 2}, {1, 0}, {2}, {5, 0, 3}},
    {{1, 2, 3, 7, 8, 9, 10, 4, 5, 6, 11}, 0, {4, 5, 6}, {4, 0, 0}, {3}, {7, 0, 0, 1}},
    {{1, 2, 3, 3, 4, 5}, 1, {}, {}, {}, {5}},
    {{1, 2, 4, 5}, 0, {}, {}, {1}, {4}},
    {{2, 1, 4, 3, 6, 5}, 0, {1, 1, 1}, {1, 1, 1}, {1, 1}, {1, 1, 1, 0}},
};

TEST(SequenceTracker, Rfc4737Vectors) {
  const auto greatest = [](const std::vector<std::uint64_t>& values) {
    return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  };
  for (const ReorderingVector& vector : kReorderingVectors) {
    SequenceTracker tracker(1);
    std::uint64_t duplicates = 0, extent_sum = 0;
    std::vector<std::uint64_t> extents;
    for (const std::uint64_t sequence : vector.arrivals) {
      const Arrived arrived = tracker.observe(0, sequence - 1, 0);
      duplicates += arrived == Arrived::kDuplicate;
      if (arrived != Arrived::kReordered) continue;
      extents.push_back(tracker.reordering().extent_sum - extent_sum);
      extent_sum += extents.back();
    }
    const Reordering found = tracker.reordering();
    EXPECT_EQ(duplicates, vector.duplicates);
    EXPECT_EQ(extents, vector.extents);
    EXPECT_EQ(found.reordered, vector.extents.size());
    EXPECT_EQ(found.unplaced, 0u);
    EXPECT_EQ(found.extent_max, greatest(vector.extents));
    const auto n_reordered = found.n_reordered();
    EXPECT_EQ(n_reordered.size(), greatest(vector.degrees));
    for (std::size_t n = 1; n <= n_reordered.size(); ++n) {
      EXPECT_EQ(n_reordered[n - 1], std::count_if(vector.degrees.begin(), vector.degrees.end(),
                                                  [&](auto degree) { return degree >= n; }));
    }
    EXPECT_EQ(found.discontinuities, vector.skipped.size());
    EXPECT_EQ(found.discontinuity_max, greatest(vector.skipped));
    EXPECT_EQ(found.free_runs, vector.free_runs.size());
    EXPECT_EQ(found.free_run_max, greatest(vector.free_runs));
  }
}

TEST(SequenceTracker, Rfc4737LateTimeOfItsFirstExample) {
  // Section 7.1: 4 arrives at 210, and the earliest larger number, 5, had arrived at 148.
  SequenceTracker tracker(1);
  for (const auto& [sequence, arrived] :
       {std::pair{1, 68}, {2, 88}, {3, 108}, {5, 148}, {6, 168}, {7, 188}, {8, 208}, {4, 210}}) {
    tracker.observe(0, static_cast<std::uint64_t>(sequence - 1), arrived);
  }
  EXPECT_EQ(tracker.reordering().late_time_max, 62);
  EXPECT_EQ(tracker.reordering().late_time_mean(), 62);
}

TEST(SequenceTracker, TheFullWindowOfGapsKeepsEveryGap) {
  // Every second number, until gaps have been overwritten many times over; then every hole of the
  // window, from the oldest. All are placed, and each was jumped over by the number after it.
  for (const std::uint64_t window : {64u, 100u, 1024u}) {
    SequenceTracker tracker(1, window);
    const std::uint64_t last = 10'001;
    for (std::uint64_t number = 1; number <= last; number += 2) {
      tracker.observe(0, number, static_cast<Nanoseconds>(number));
    }
    const std::uint64_t oldest = (last + 1 - window + 1) / 2 * 2;  // even
    EXPECT_EQ(tracker.observe(0, oldest - 2, 0), Arrived::kUnclassified);
    std::uint64_t reordered = 0, extent_sum = 0;
    for (std::uint64_t number = oldest; number < last; number += 2, ++reordered) {
      ASSERT_EQ(tracker.observe(0, number, 20'000), Arrived::kReordered);
      extent_sum += (last + 1) / 2 + reordered - number / 2;
    }
    const Reordering found = tracker.reordering();
    EXPECT_EQ(found.reordered, window / 2);
    EXPECT_EQ(found.unplaced, 0u);
    EXPECT_EQ(found.extent_sum, extent_sum);
    EXPECT_EQ(found.late_time_max, static_cast<Nanoseconds>(20'000 - (oldest + 1)));
  }
}

TEST(SequenceTracker, NumbersGoOnWhereTheWireBeginsAgain) {
  // 2^40 numbers in one space: as many more follow, and nothing is lost, late or twice for it.
  constexpr std::uint64_t kNumbers = std::uint64_t{1} << kSequenceBits;
  SequenceTracker tracker(1, 128);
  for (const std::uint64_t number : {kNumbers / 2 - 1, kNumbers - 11})
    tracker.observe(0, number, 0);
  for (std::uint64_t number = kNumbers - 10; number < kNumbers + 10; ++number) {
    if (number == kNumbers - 1 || number == kNumbers) continue;
    ASSERT_EQ(tracker.observe(0, number % kNumbers, 0), Arrived::kInOrder);
  }
  EXPECT_EQ(tracker.next_expected(0), kNumbers + 10);
  EXPECT_EQ(tracker.observe(0, 0, 0), Arrived::kReordered);
  EXPECT_EQ(tracker.observe(0, kNumbers - 1, 0), Arrived::kReordered);
  EXPECT_EQ(tracker.observe(0, kNumbers - 1, 0), Arrived::kDuplicate);
  EXPECT_EQ(tracker.observe(0, 0, 0), Arrived::kDuplicate);
  EXPECT_EQ(tracker.gaps(0), kNumbers - 10 - 2);
  // A number before the first of all is no number of this trial.
  SequenceTracker fresh(1, 128);
  EXPECT_EQ(fresh.observe(0, kNumbers - 1, 0), Arrived::kUnclassified);
  EXPECT_EQ(fresh.next_expected(0), 0u);
}

TEST(SequenceTracker, BurstsAreJoinedOverWordsAndJumps) {
  const auto lengths = [](const LossBursts& bursts) {
    std::vector<std::uint64_t> all;
    for (const auto& step : bursts.lengths.steps().steps) {
      all.insert(all.end(), step.count, Histogram::upper_edge(step.index));
    }
    return all;
  };
  SequenceTracker tracker(3, 128);
  for (const std::uint64_t number : {0u, 2u, 63u, 200u, 201u, 800u}) tracker.observe(0, number, 0);
  // 1; 3 to 62; 64 to 199; 202 to 799, most of which were never in the window.
  EXPECT_EQ(lengths(tracker.loss_bursts()), (std::vector<std::uint64_t>{1, 60, 136, 598}));
  EXPECT_EQ(tracker.loss_bursts().lost, tracker.gaps(0));
  EXPECT_EQ(tracker.loss_bursts().longest, 598u);
  EXPECT_EQ(tracker.loss_bursts().bursts, 4u);
  tracker.observe(1, 5, 0);  // of a space of which nothing else came: 0 to 4
  EXPECT_EQ(lengths(tracker.loss_bursts()), (std::vector<std::uint64_t>{1, 5, 60, 136, 598}));
}

TEST(SequenceTracker, BurstsAreNotJoinedOverAWordThatArrivedWhole) {
  SequenceTracker tracker(1, 64);
  for (std::uint64_t number = 0; number < 1000; ++number) {
    if (number != 63 && number != 128) tracker.observe(0, number, 0);
  }
  EXPECT_EQ(tracker.loss_bursts().bursts, 2u);
  EXPECT_EQ(tracker.loss_bursts().longest, 1u);
}

TEST(SequenceTracker, QueuesMerge) {
  SequenceTracker one(2), other(2);
  for (const std::uint64_t number : {0u, 2u, 1u}) one.observe(0, number, 10);
  for (const std::uint64_t number : {0u, 3u, 4u, 1u, 5u}) {
    other.observe(1, number, static_cast<Nanoseconds>(number * number));
  }
  Reordering both = one.reordering();
  both.merge(other.reordering());
  EXPECT_EQ(both.reordered, 2u);
  EXPECT_EQ(both.extent_max, 2u);
  EXPECT_EQ(both.extent_mean(), 1.5);
  EXPECT_EQ(both.late_time_max, 0) << "-8 beside 0";
  EXPECT_EQ(both.late_time_mean(), -4);
  EXPECT_EQ(both.n_reordered(), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_EQ(both.discontinuities, 2u);
  EXPECT_EQ(both.discontinuity_max, 2u);
  EXPECT_EQ(both.free_runs, 4u);
  EXPECT_EQ(both.free_run_max, 3u);
  Reordering none;
  none.merge(other.reordering());
  EXPECT_EQ(none.late_time_max, -8);
}

TEST(LossBursts, OfQueuesAreAddedAndTheLongestKept) {
  for (const bool longest_first : {true, false}) {
    LossBursts one, other;
    one.record(longest_first ? 9 : 2);
    other.record(longest_first ? 2 : 9);
    one.merge(other);
    EXPECT_EQ(one.bursts, 2u);
    EXPECT_EQ(one.lost, 11u);
    EXPECT_EQ(one.longest, 9u);
    EXPECT_EQ(one.lengths.samples(), 2u);
  }
}

TEST(SequenceTracker, AgreesWithTheSlowModelWithinTheWindow) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    const std::uint64_t window = 64u << random.below(4);
    SequenceTracker tracker(2, window);
    SlowTracker slow;
    std::uint64_t head = 0;
    for (int i = 0; i < 3000; ++i) {
      // Mostly forward with gaps, sometimes back, always clearly inside the window.
      std::uint64_t sequence = head;
      if (random.chance(0.2))
        sequence -= std::min(head, random.below(window - 63));
      else
        head = sequence += random.below(3);
      ASSERT_EQ(tracker.observe(1, sequence, 0), slow.observe(sequence)) << "seed " << seed;
      head = std::max(head, sequence + 1);
    }
    EXPECT_EQ(tracker.next_expected(1), slow.next);
    EXPECT_EQ(tracker.gaps(1), slow.next - slow.seen.size()) << "seed " << seed;
    EXPECT_EQ(tracker.next_expected(0), 0u);
    EXPECT_EQ(tracker.gaps(0), 0u);
  }
}

TEST(SequenceTracker, HolesAreCountedOnceWhateverTheJump) {
  for (const std::uint64_t jump :
       {1ull, 63ull, 64ull, 65ull, 127ull, 128ull, 1000ull, 1ull << 39}) {
    SequenceTracker tracker(1, 128);
    for (std::uint64_t sequence = 0; sequence < 10; ++sequence) tracker.observe(0, sequence, 0);
    tracker.observe(0, 9 + jump, 0);
    EXPECT_EQ(tracker.gaps(0), jump - 1);
  }
  SequenceTracker first_is_late(1, 128);
  first_is_late.observe(0, 5000, 0);
  EXPECT_EQ(first_is_late.gaps(0), 5000u);
}

// The slow way: of the highest number that is missing, the earliest arrival behind it.
std::optional<Nanoseconds> slowly_behind_last_gap(const std::vector<std::uint64_t>& arrivals) {
  const std::set<std::uint64_t> seen(arrivals.begin(), arrivals.end());
  if (seen.empty()) return std::nullopt;
  std::uint64_t missing = *seen.rbegin();
  while (missing > 0 && seen.contains(missing)) --missing;
  if (seen.contains(missing)) return std::nullopt;
  const auto behind = std::find_if(arrivals.begin(), arrivals.end(),
                                   [missing](std::uint64_t number) { return number > missing; });
  return static_cast<Nanoseconds>(*behind) * 1000 + 7;
}

TEST(SequenceTracker, WhatCameBehindTheLastGapIsKnownInTheWindowAndBehindIt) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    SequenceTracker tracker(2, 128);
    std::vector<std::uint64_t> arrivals;
    const double loss = seed % 4 == 0 ? 0 : 0.3 * random.uniform();
    const std::uint64_t lossless_from = random.below(3'000);  // the last gap leaves the window
    std::uint64_t held = UINT64_MAX;                          // a number that comes later
    const auto arrive = [&](std::uint64_t number) {
      arrivals.push_back(number);
      tracker.observe(1, number, static_cast<Nanoseconds>(number) * 1000 + 57, 50);
    };
    const std::uint64_t numbers = 1 + random.below(2'000);
    for (std::uint64_t number = 0; number < numbers; ++number) {
      if (number < lossless_from && random.chance(loss)) {
        number += random.chance(0.05) ? random.below(500) : 0;
        continue;
      }
      if (held == UINT64_MAX && random.chance(0.05)) {
        held = number;
        continue;
      }
      arrive(number);
      if (held != UINT64_MAX && random.chance(0.2)) arrive(std::exchange(held, UINT64_MAX));
    }
    ASSERT_EQ(tracker.behind_last_gap(1), slowly_behind_last_gap(arrivals)) << seed;
    ASSERT_EQ(tracker.behind_last_gap(0), std::nullopt);
    tracker.clear();
    ASSERT_EQ(tracker.behind_last_gap(1), std::nullopt);
  }
}

TEST(SequenceTracker, OlderThanTheWindowIsUnclassified) {
  SequenceTracker tracker(1, 128);
  tracker.observe(0, 0, 0);
  tracker.observe(0, 1000, 0);
  EXPECT_EQ(tracker.observe(0, 5, 0), Arrived::kUnclassified);
  EXPECT_EQ(tracker.observe(0, 0, 0), Arrived::kUnclassified);
  EXPECT_EQ(tracker.observe(0, 999, 0), Arrived::kReordered);
  EXPECT_EQ(tracker.gaps(0), 998u);
}

TEST(SequenceTracker, ClearForgets) {
  SequenceTracker tracker(3, 128);
  tracker.observe(2, 7, 0);
  tracker.observe(2, 1000, 0);  // by then 0 to 6 have left the window
  ASSERT_EQ(tracker.loss_bursts().longest, 992u);
  tracker.clear();
  EXPECT_EQ(tracker.next_expected(2), 0u);
  EXPECT_EQ(tracker.gaps_passed(), 0u);
  EXPECT_EQ(tracker.loss_bursts().bursts, 0u);
  EXPECT_EQ(tracker.loss_bursts().lost, 0u);
  EXPECT_EQ(tracker.loss_bursts().longest, 0u);
  EXPECT_EQ(tracker.observe(2, 0, 0), Arrived::kInOrder);
}

TEST(SequenceTracker, WindowShrinksWithTheNumberOfSpaces) {
  EXPECT_EQ(SequenceTracker(1).window(), 65'472u);
  EXPECT_EQ(SequenceTracker(1024).window(), 960u);
  EXPECT_EQ(SequenceTracker(4096).window(), 192u);
}

}  // namespace
}  // namespace wireproof
