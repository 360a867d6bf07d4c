// What the sequence tracker and the delay variation should say, the slow way: lists of all that
// arrived, each figure found by looking through them as its RFC defines it, with nothing kept from
// one to the next.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <vector>

#include "base/clock.h"
#include "stats/sequence_tracker.h"

namespace wireproof {

struct SlowArrival {
  std::uint64_t sequence;  // whole, not cut to what is on the wire
  Nanoseconds arrived;
  Nanoseconds delay;
};

class SlowSpace {
 public:
  SlowSpace(std::uint64_t window, std::uint64_t ipdv_window)
      : window_(window), ipdv_window_(ipdv_window) {}

  Arrived observe(const SlowArrival& arrival) {
    copies_.push_back(arrival);
    std::uint64_t highest = 0;
    bool seen = false, larger = false;
    for (const SlowArrival& other : firsts_) {
      highest = std::max(highest, other.sequence);
      seen = seen || other.sequence == arrival.sequence;
      larger = larger || other.sequence > arrival.sequence;
    }
    if (larger && highest - arrival.sequence >= window_) return Arrived::kUnclassified;
    if (seen) return Arrived::kDuplicate;
    firsts_.push_back(arrival);
    return larger ? Arrived::kReordered : Arrived::kInOrder;
  }

  [[nodiscard]] std::size_t unique() const { return firsts_.size(); }
  [[nodiscard]] std::uint64_t next() const {
    std::uint64_t next = 0;
    for (const SlowArrival& arrival : firsts_) next = std::max(next, arrival.sequence + 1);
    return next;
  }

  // RFC 4737, sections 3.3, 3.4, 4.2, 4.3, 4.6 and 5.
  void add_reordering(Reordering& all) const {
    std::uint64_t run = 0;
    std::uint64_t next_expected = 0;
    for (std::size_t i = 0; i < firsts_.size(); ++i) {
      const std::uint64_t s = firsts_[i].sequence;
      if (s >= next_expected) {
        if (i > 0 && s > next_expected) {
          ++all.discontinuities;
          all.discontinuity_max = std::max(all.discontinuity_max, s - next_expected);
        }
        next_expected = s + 1;
        ++run;
        continue;
      }
      add_reordered(all, i);
      end_run(all, run);
      run = 0;
    }
    if (!firsts_.empty()) end_run(all, run);
  }

  // RFC 3357: what lies between two numbers that arrived, and before the first.
  void add_loss_bursts(std::map<std::uint64_t, std::uint64_t>& by_length) const {
    std::vector<std::uint64_t> numbers;
    for (const SlowArrival& arrival : firsts_) numbers.push_back(arrival.sequence);
    std::sort(numbers.begin(), numbers.end());
    std::uint64_t expected = 0;
    for (const std::uint64_t number : numbers) {
      if (number > expected) ++by_length[number - expected];
      expected = number + 1;
    }
  }

  // RFC 3393, of the pairs whose later half came while the earlier was still in the window.
  void add_ipdv(std::vector<Nanoseconds>& differences, std::uint64_t& outside) const {
    std::vector<std::uint64_t> highest;  // when each has arrived
    std::vector<bool> kept;              // it and the number before it were in the window then
    for (const SlowArrival& one : firsts_) {
      highest.push_back(std::max(one.sequence, highest.empty() ? 0 : highest.back()));
      kept.push_back(highest.back() == one.sequence ||
                     highest.back() - one.sequence + 1 < ipdv_window_);
      outside += kept.back() ? 0 : 1;
      for (std::size_t j = 0; kept.back() && j + 1 < kept.size(); ++j) {
        const SlowArrival& other = firsts_[j];
        if (!kept[j] || highest.back() - other.sequence >= ipdv_window_) continue;
        if (other.sequence + 1 == one.sequence) differences.push_back(one.delay - other.delay);
        if (other.sequence == one.sequence + 1) differences.push_back(other.delay - one.delay);
      }
    }
  }

  // RFC 3550 appendix A.8, over all copies.
  [[nodiscard]] double jitter() const {
    double jitter = 0;
    for (std::size_t i = 1; i < copies_.size(); ++i) {
      const Nanoseconds d = copies_[i].delay - copies_[i - 1].delay;
      jitter += (1. / 16.) * (static_cast<double>(d < 0 ? -d : d) - jitter);
    }
    return jitter;
  }
  [[nodiscard]] std::size_t copies() const { return copies_.size(); }

 private:
  static void end_run(Reordering& all, std::uint64_t run) {
    ++all.free_runs;
    all.free_run_max = std::max(all.free_run_max, run);
  }

  void add_reordered(Reordering& all, std::size_t i) const {
    std::size_t earliest = 0;
    while (firsts_[earliest].sequence < firsts_[i].sequence) ++earliest;
    const std::uint64_t extent = i - earliest;
    const Nanoseconds late_time = firsts_[i].arrived - firsts_[earliest].arrived;
    all.late_time_max = all.reordered == 0 ? late_time : std::max(all.late_time_max, late_time);
    ++all.reordered;
    all.extent_sum += extent;
    all.extent_max = std::max(all.extent_max, extent);
    all.late_time_sum += late_time;
    std::uint64_t n = 0;
    while (n < i && firsts_[i - n - 1].sequence > firsts_[i].sequence) ++n;
    if (n > 0) ++all.degrees[std::min<std::uint64_t>(n, Reordering::kDegreeMax) - 1];
  }

  std::uint64_t window_;
  std::uint64_t ipdv_window_;
  std::vector<SlowArrival> copies_;
  std::vector<SlowArrival> firsts_;
};

}  // namespace wireproof
