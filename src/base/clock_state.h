// What a clock can say of itself, for the reader of a result (docs/clock.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace wireproof {

struct ClockState {
  std::string source = "monotonic_raw";  // or "tsc"
  std::string reason;                    // why not the TSC; empty when it is
  Nanoseconds resolution_ns = 1;
  // Of the difference of two readings on different cores. Absent: the cores were not compared.
  std::optional<Nanoseconds> bound_ns;
  // Of the rate against CLOCK_MONOTONIC_RAW: 0 where that is what is read. How far the crystal
  // behind both is off, nobody here can tell (commonly 10,000 to 50,000 ppb).
  double rate_error_ppb = 0;
  double frequency_hz = 0;  // of the counter; 0: no counter is read
  unsigned cores_checked = 0;
  // The larger half of the widest interval that the offset between two cores may lie in.
  std::optional<Nanoseconds> core_offset_bound_ns;
  // Of CLOCK_REALTIME since the clock was made.
  std::uint64_t wall_clock_steps = 0;
  Nanoseconds wall_clock_step_total_ns = 0;  // without signs
};

}  // namespace wireproof
