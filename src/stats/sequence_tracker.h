// Which numbers of each sequence space have arrived, once, twice or out of order, how far out of
// order, and which runs of them never did. Exact within a window of sequence numbers behind the
// highest seen; an older arrival is unclassified, because exactness with bounded memory needs a
// bound.
//
// A space is one run of memory (highest number, then the window in a ring of bits), so that a frame
// in order touches one or two cache lines however many spaces there are. What else a frame out of
// order needs lies elsewhere. Nothing is allocated after the construction. One writer.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "stats/loss_bursts.h"
#include "stats/reordering.h"
#include "stats/sequence_number.h"

namespace wireproof {

enum class Arrived : std::uint8_t {
  kInOrder,       // first copy, number above all seen (RFC 4737 section 3.3: s >= NextExp)
  kReordered,     // first copy, a larger number came before
  kDuplicate,     // a copy came before (RFC 5560)
  kUnclassified,  // older than the window, or before the first number
};

class SequenceTracker {
 public:
  // `spaces` >= 1. The window is the same for each space; 0 chooses it so that the whole stays
  // within the second-level cache: 65,472 numbers for up to 16 spaces, 960 for 1,024, 192 for
  // 4,096, which with the 64 that leave at once make a power of two. Besides, some 12 bytes a
  // number and 1 KiB a space, which no page stands behind until frames get lost or come out of
  // order.
  explicit SequenceTracker(std::uint32_t spaces, std::uint64_t window = 0);

  [[nodiscard]] std::uint32_t spaces() const { return spaces_; }
  // A number this far below the highest seen, or further, is unclassified.
  [[nodiscard]] std::uint64_t window() const { return window_; }

  void clear();

  // Brings the memory of (space, sequence) near; the observation follows some frames later.
  void prefetch(std::uint32_t space, std::uint64_t sequence) const {
    const std::uint64_t* base = memory_.data() + std::size_t{space} * stride_;
    __builtin_prefetch(base, 1);
    __builtin_prefetch(base + kHead + ((sequence >> 6) & (ring_words_ - 1)), 1);
  }

  // space < spaces(). Numbers begin at 0; of `sequence` the 40 bits that are on the wire count
  // (sequence_number.h). `arrived`: of the frame, on any clock; the late time is made of it.
  // It was sent `delay` before, which behind_last_gap() tells.
  Arrived observe(std::uint32_t space, std::uint64_t sequence, Nanoseconds arrived,
                  Nanoseconds delay = 0) {
    std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
    const std::uint64_t next = head[kNext];
    const std::int64_t ahead = sequence_distance(sequence, next);
    if (ahead != 0) {
      return ahead > 0 ? jump(space, next + ahead, arrived, delay)
                       : look_back(space, -ahead, arrived);
    }
    if ((next & 63) == 0) advance(space, next);
    head[kHead + ((next >> 6) & (ring_words_ - 1))] |= std::uint64_t{1} << (next & 63);
    head[kNext] = next + 1;
    return Arrived::kInOrder;
  }

  // One more than the highest number seen in the space; 0: none. Goes on above 2^40.
  [[nodiscard]] std::uint64_t next_expected(std::uint32_t space) const {
    return memory_[std::size_t{space} * stride_ + kNext];
  }
  // Whether a copy of the number came; false where it is older than the window.
  [[nodiscard]] bool has(std::uint32_t space, std::uint64_t sequence) const;
  // Numbers below next_expected that did not arrive (an unclassified arrival does not count as
  // arrived): those that left the window as holes, and those that are holes now.
  [[nodiscard]] std::uint64_t gaps(std::uint32_t space) const;
  // Holes that have left the window so far, over all spaces: a lower bound of the loss, and it
  // never goes back. The live line is made of it.
  [[nodiscard]] std::uint64_t gaps_passed() const { return gaps_passed_; }

  // When the first frame was sent that came behind the highest number below next_expected that did
  // not arrive: that one was sent before. nullopt: none is missing, or its gap is not known any
  // more.
  [[nodiscard]] std::optional<Nanoseconds> behind_last_gap(std::uint32_t space) const;

  // Of the first copies that arrived up to now, unclassified ones left out.
  [[nodiscard]] Reordering reordering() const;
  // The runs of missing numbers below next_expected, over all spaces: those that have left the
  // window and those in it. Their lengths add up to gaps(). What is missing at the end of a space,
  // only its sender knows.
  [[nodiscard]] LossBursts loss_bursts() const;

 private:
  // Words in front of the ring: the next number; how many below it are missing; the length of the
  // run of lost numbers that ends where the ring begins; the holes that have left the ring.
  static constexpr std::size_t kNext = 0, kMissing = 1, kOpenRun = 2, kPassed = 3, kHead = 4;

  Arrived jump(std::uint32_t space, std::uint64_t number, Nanoseconds arrived, Nanoseconds delay);
  Arrived look_back(std::uint32_t space, std::int64_t distance, Nanoseconds arrived);
  // Moves the ring so that `number` is in its newest word: every word on the way gives up the
  // numbers it held, and its zeros were holes.
  void advance(std::uint32_t space, std::uint64_t number);
  void pass_gap(std::uint32_t space, std::uint64_t number);

  std::uint32_t spaces_;
  std::uint64_t ring_words_;  // hold the window wherever in a word it begins
  std::uint64_t window_;
  std::size_t stride_;  // words a space
  std::vector<std::uint64_t> memory_;
  std::uint64_t gaps_passed_ = 0;
  GapLog gap_log_;
  std::vector<std::optional<Nanoseconds>>
      behind_passed_gap_;     // by space: behind_last_gap(), of those
  LossBursts passed_bursts_;  // that have left the window, without the runs that may go on
};

}  // namespace wireproof
