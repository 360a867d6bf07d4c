// By how much the clock of one core differs from that of another.
#pragma once

#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/result.h"

namespace wireproof {

// What the second core's reading is ahead of the first's, in ns: somewhere from low to high.
// A word is thrown to and fro between the two cores; each of them reads the clock when it throws
// and when it catches, and a catch lies between the two readings of the other side. The narrowest
// of all rounds is taken, so that interruptions do not widen it.
struct OffsetInterval {
  Nanoseconds low = 0;
  Nanoseconds high = 0;
  unsigned rounds = 0;

  // The clocks of the two cores cannot be one clock: a reading is a whole nanosecond.
  [[nodiscard]] bool excludes_zero() const { return low > 1 || high < -1; }
  [[nodiscard]] Nanoseconds bound() const { return -low > high ? -low : high; }
};

using ClockReading = std::function<Nanoseconds()>;

// Runs two threads, pinned to the CPUs, for at most `limit` or kRounds. `first` and `second` are
// read on the one and on the other. Fails (kPrecondition) where a CPU may not be used, or where
// another task kept one of them from every round, or the host refuses a thread.
[[nodiscard]] Result<OffsetInterval> core_offset(unsigned first_cpu, const ClockReading& first,
                                                 unsigned second_cpu, const ClockReading& second,
                                                 Nanoseconds limit);

}  // namespace wireproof
