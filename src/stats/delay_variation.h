// How the delay of frames varies from one to another, by two definitions that are never mixed, each
// within one sequence space at a time:
//
//   RFC 3550 section 6.4.1 (appendix A.8): J += (|D| - J) / 16, where D is the difference of the
//   delays of a frame and of the one that arrived before it, whatever their numbers; J begins at 0.
//   RFC 3393 (IPDV): D(i) - D(i-1), only of consecutive sequence numbers that both arrived, first
//   copies only, whichever of the two came first.
//
// Nothing is allocated after the construction. One writer.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "stats/sequence_number.h"
#include "stats/sequence_tracker.h"

namespace wireproof {

// RFC 3393's differences.
struct Ipdv {
  std::uint64_t pairs = 0;
  std::uint64_t sum_abs = 0;  // exact up to 584 years
  Nanoseconds min = 0;        // signed; 0 without pairs, like the next
  Nanoseconds max = 0;
  SignedHistogram histogram;

  void record(Nanoseconds difference) {
    if (pairs++ == 0) min = max = difference;
    min = std::min(min, difference);
    max = std::max(max, difference);
    sum_abs += static_cast<std::uint64_t>(std::abs(difference));
    histogram.record(difference);
  }
  void merge(const Ipdv& other);
  void clear();
  [[nodiscard]] double mean_abs() const;  // 0 without pairs
};

// RFC 3550's value at the end, over the spaces in which at least two frames arrived.
struct SpaceJitter {
  std::uint64_t spaces = 0;
  double sum = 0;  // ns
  double max = 0;

  void merge(const SpaceJitter& other);
  [[nodiscard]] double mean() const;  // 0 without such spaces
};

class DelayVariation {
 public:
  // `window`: how many of the highest numbers of each space keep their delay for a neighbour that
  // comes later, a power of two and at least 16; 0 chooses it so that the whole stays near 1 MiB:
  // 1,024 for up to 128 spaces, 128 for 1,024, 32 for 4,096.
  explicit DelayVariation(std::uint32_t spaces, std::uint32_t window = 0);

  [[nodiscard]] std::uint64_t window() const { return window_; }

  void clear();

  // Brings the memory of (space, sequence) near; the observation follows some frames later.
  void prefetch(std::uint32_t space, std::uint64_t sequence) const {
    __builtin_prefetch(&heads_[space], 1);
    __builtin_prefetch(&slots_[space * window_ + (sequence & (window_ - 1))], 1);
  }

  // Every copy that came within the waiting time, in the order of arrival; `arrived` is what the
  // sequence tracker said of it. delay: of either sign, further from 0 than 2^61 ns never.
  void observe(std::uint32_t space, std::uint64_t sequence, Nanoseconds delay, Arrived arrived) {
    Head& head = heads_[space];
    if (head.arrivals++ != 0) {
      const auto difference = static_cast<double>(std::abs(delay - head.last_delay));
      head.jitter += (difference - head.jitter) / 16;
    }
    head.last_delay = delay;
    if (arrived == Arrived::kReordered) return observe_reordered(space, sequence, delay);
    if (arrived != Arrived::kInOrder) return;
    Nanoseconds* slots = slots_.data() + space * window_;
    const std::int64_t skipped = sequence_distance(sequence, head.next);
    if (skipped != 0) skip(slots, head.next, static_cast<std::uint64_t>(skipped));
    const std::uint64_t number = head.next + static_cast<std::uint64_t>(skipped);
    const Nanoseconds before = slots[(number - 1) & (window_ - 1)];
    slots[number & (window_ - 1)] = delay;
    head.next = number + 1;
    if (before != kAbsent) ipdv_.record(delay - before);
  }

  // RFC 3550's value, in ns; nullopt where fewer than two frames arrived.
  [[nodiscard]] std::optional<double> jitter(std::uint32_t space) const;
  [[nodiscard]] SpaceJitter jitter() const;
  [[nodiscard]] const Ipdv& ipdv() const { return ipdv_; }
  // Reordered frames that came so late that the delays of their neighbours were no longer, or not
  // all, at hand: no pair is made of them.
  [[nodiscard]] std::uint64_t outside_window() const { return outside_window_; }

 private:
  static constexpr Nanoseconds kAbsent = std::numeric_limits<Nanoseconds>::min();

  struct Head {
    std::uint64_t next = 0;  // one more than the highest number seen
    std::uint64_t arrivals = 0;
    Nanoseconds last_delay = 0;  // of the frame that arrived last
    double jitter = 0;
  };
  static_assert(sizeof(Head) == 32);

  void observe_reordered(std::uint32_t space, std::uint64_t sequence, Nanoseconds delay);
  void skip(Nanoseconds* slots, std::uint64_t next, std::uint64_t skipped) const;

  std::uint64_t window_;
  std::vector<Head> heads_;
  // A ring for each space: the delays of the numbers [next - window, next), or kAbsent.
  std::vector<Nanoseconds> slots_;
  Ipdv ipdv_;
  std::uint64_t outside_window_ = 0;
};

}  // namespace wireproof
