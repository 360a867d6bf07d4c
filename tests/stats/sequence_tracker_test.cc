#include "stats/sequence_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
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

TEST(SequenceTracker, PublishedReorderingVectors) {  // RFC 4737 section 7 and neighbours
  struct Case {
    std::vector<std::uint64_t> arrivals;
    unsigned reordered, duplicates;
  };
  for (const Case& vector :
       {Case{{1, 2, 3, 5, 6, 7, 8, 4, 9, 10}, 1, 0}, Case{{1, 2, 3, 4, 7, 5, 6, 8, 9, 10}, 2, 0},
        Case{{1, 2, 3, 7, 8, 9, 10, 4, 5, 6, 11}, 3, 0}, Case{{1, 2, 3, 3, 4, 5}, 0, 1},
        Case{{1, 2, 4, 5}, 0, 0}, Case{{2, 1, 4, 3, 6, 5}, 3, 0}}) {
    SequenceTracker tracker(1);
    unsigned reordered = 0, duplicates = 0;
    for (const auto sequence : vector.arrivals) {
      const Arrived arrived = tracker.observe(0, sequence - 1);
      reordered += arrived == Arrived::kReordered;
      duplicates += arrived == Arrived::kDuplicate;
    }
    EXPECT_EQ(reordered, vector.reordered);
    EXPECT_EQ(duplicates, vector.duplicates);
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
      ASSERT_EQ(tracker.observe(1, sequence), slow.observe(sequence)) << "seed " << seed;
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
    for (std::uint64_t sequence = 0; sequence < 10; ++sequence) tracker.observe(0, sequence);
    tracker.observe(0, 9 + jump);
    EXPECT_EQ(tracker.gaps(0), jump - 1);
  }
  SequenceTracker first_is_late(1, 128);
  first_is_late.observe(0, 5000);
  EXPECT_EQ(first_is_late.gaps(0), 5000u);
}

TEST(SequenceTracker, OlderThanTheWindowIsUnclassified) {
  SequenceTracker tracker(1, 128);
  tracker.observe(0, 0);
  tracker.observe(0, 1000);
  EXPECT_EQ(tracker.observe(0, 5), Arrived::kUnclassified);
  EXPECT_EQ(tracker.observe(0, 0), Arrived::kUnclassified);
  EXPECT_EQ(tracker.observe(0, 999), Arrived::kReordered);
  EXPECT_EQ(tracker.gaps(0), 998u);
}

TEST(SequenceTracker, ClearForgets) {
  SequenceTracker tracker(3);
  tracker.observe(2, 7);
  tracker.clear();
  EXPECT_EQ(tracker.next_expected(2), 0u);
  EXPECT_EQ(tracker.gaps_passed(), 0u);
  EXPECT_EQ(tracker.observe(2, 0), Arrived::kInOrder);
}

TEST(SequenceTracker, WindowShrinksWithTheNumberOfSpaces) {
  EXPECT_EQ(SequenceTracker(1).window(), 65'536u);
  EXPECT_EQ(SequenceTracker(1024).window(), 1024u);
  EXPECT_EQ(SequenceTracker(4096).window(), 256u);
}

}  // namespace
}  // namespace wireproof
