// RFC 4737's metrics of packet reordering, over the first copies that arrive in each sequence
// space, exact for whatever the tracker's window calls reordered, in bounded memory.
//
// Every one of them follows from the gaps: the runs of numbers that an arrival in order jumped
// over. An arrival is reordered when its number lies in a gap; until the gap was made all numbers
// seen were smaller, so the arrival that made it is the earliest with a larger number, and how far
// and how long ago it came is the extent (section 4.2) and the late time (4.3).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"

namespace wireproof {

struct Reordering {
  // Degrees of n-reordering above this are counted as this.
  static constexpr std::uint64_t kDegreeMax = 64;

  std::uint64_t reordered = 0;  // section 3.3
  // Of them, those that no gap was known for, which are in none of the figures below. None within
  // the window (GapLog says why).
  std::uint64_t unplaced = 0;
  // Section 4.2: arrivals since the earliest one with a larger number, over the reordered.
  std::uint64_t extent_sum = 0;
  std::uint64_t extent_max = 0;
  // Section 4.3: time since then. Negative only where the stamps of arrivals run backwards.
  Nanoseconds late_time_sum = 0;
  Nanoseconds late_time_max = 0;
  // [n - 1]: of how many frames exactly n arrivals immediately before had larger numbers; the last:
  // that many or more. Section 5 counts these under each m <= n: n_reordered().
  std::array<std::uint64_t, kDegreeMax> degrees{};
  // Section 3.4: times that a number above the expected one came, and the most numbers skipped at
  // once. What is expected is determined by an earlier arrival (section 3.2), so that the first
  // arrival in a space is none, whatever its number.
  std::uint64_t discontinuities = 0;
  std::uint64_t discontinuity_max = 0;
  // Section 4.6: runs of arrivals between reordered ones, those of no arrival included, and the one
  // that was not yet ended by a reordered arrival.
  std::uint64_t free_runs = 0;
  std::uint64_t free_run_max = 0;

  // Of several receive queues, each with spaces of its own.
  void merge(const Reordering& other);
  [[nodiscard]] std::uint64_t placed() const { return reordered - unplaced; }
  [[nodiscard]] double extent_mean() const;  // 0 without reordered arrivals
  [[nodiscard]] double late_time_mean() const;
  // [n - 1]: the frames that are n-reordered, which includes those that are more than n-reordered
  // (section 5). Without the zeros at the end.
  [[nodiscard]] std::vector<std::uint64_t> n_reordered() const;
};

// The gaps of every space and what arrives in them. One writer; nothing is allocated after the
// construction, and no memory but a few words a space is touched while no gap is made.
//
// A ring of window / 2 gaps a space (or more) never loses one that an arrival within the window can
// lie in. Such a gap reaches into the window, so its last number lies there, and so does the number
// after it, which made the gap: two numbers of the window that belong to no other gap. There are
// thus at most window / 2 of them, and as gaps are made in ascending order they are the last made.
class GapLog {
 public:
  // window >= 2: the tracker's.
  GapLog(std::uint32_t spaces, std::uint64_t window);

  void clear();

  struct Gap {
    std::uint64_t first;   // the lowest number that was jumped over
    std::uint64_t jumper;  // which arrival of its space jumped, from 0
    Nanoseconds arrived;   // when that was
    Nanoseconds sent;      // when its sender had sent it
  };
  // Gaps come in ascending order. `skipped`: how many numbers it has.
  void jumped(std::uint32_t space, const Gap& gap, std::uint64_t skipped);
  // A first copy whose number lies in a gap, as arrival `index` of its space.
  void reordered(std::uint32_t space, std::uint64_t sequence, std::uint64_t index,
                 Nanoseconds arrived);
  // The gap that the number lies in, if it was jumped over at all; null: no longer known.
  [[nodiscard]] const Gap* find(std::uint32_t space, std::uint64_t sequence) const;
  // Up to now, without the runs that are not ended.
  [[nodiscard]] const Reordering& ended() const { return total_; }
  // How many of the space's arrivals, of which there were so many, came since the last reordered
  // one.
  [[nodiscard]] std::uint64_t open_run(std::uint32_t space, std::uint64_t arrivals) const {
    return arrivals - spaces_[space].run_begin;
  }

 private:
  // A reordered arrival and its place, for the degree of those that follow.
  struct Overtaken {
    std::uint64_t sequence;
    std::uint64_t index;
  };
  struct Space {
    std::uint64_t gaps = 0;       // made so far
    std::uint64_t run_begin = 0;  // index of the arrival after the last reordered one
    // The stack is [bottom, top) of positions in a ring of kDegreeMax.
    std::uint64_t bottom = 0;
    std::uint64_t top = 0;
  };

  [[nodiscard]] std::uint64_t degree(std::uint32_t space, std::uint64_t sequence,
                                     std::uint64_t index, std::uint64_t extent);

  std::uint64_t capacity_;  // gaps a space
  std::vector<Space> spaces_;
  // Not initialised: pages are not there until they are written.
  std::unique_ptr<Gap[]> gaps_;
  std::unique_ptr<Overtaken[]> overtaken_;
  Reordering total_;
};

}  // namespace wireproof
