// Runs of consecutive sequence numbers of one space that never arrived: the loss periods of RFC
// 3357, of which the lengths are kept.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/histogram.h"

namespace wireproof {

struct LossBursts {
  std::uint64_t bursts = 0;
  std::uint64_t lost = 0;     // the sum of their lengths
  std::uint64_t longest = 0;  // frames
  Histogram lengths;          // in frames; exact below 2,048, then to within 0.1 %

  // length > 0.
  void record(std::uint64_t length) {
    ++bursts;
    lost += length;
    longest = std::max(longest, length);
    lengths.record(static_cast<Nanoseconds>(length));
  }
  void merge(const LossBursts& other);
  void clear();
};

// Turns the arrivals of one space, in the order of their numbers, into bursts. `open`: the length
// of the run of lost numbers that has been read last and may go on.
struct LossBurstReader {
  LossBursts& bursts;
  std::uint64_t open = 0;

  // `width` numbers, 1..64, from the lowest bit of `arrived` on; the bits above are not looked at.
  void read(std::uint64_t arrived, unsigned width);
  void read_lost(std::uint64_t numbers) { open += numbers; }
  void end_burst() {
    if (open > 0) bursts.record(open);
    open = 0;
  }
};

}  // namespace wireproof
