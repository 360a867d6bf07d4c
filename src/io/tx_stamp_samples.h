// What transmit stamps tell of a port (io/tx_stamps.h).
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace wireproof {

// How long frames waited between our reading of the clock and the driver, by the kernel's transmit
// stamps (SO_TIMESTAMPING) of one frame in many. A stamp that did not come is no lost frame.
struct TxStampSamples {
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t missing = 0;  // asked = answered + missing, and one a queue that is awaited
  // Of the answered; 0 when there are none. The median to within 13 %.
  Nanoseconds wait_min_ns = 0;
  Nanoseconds wait_p50_ns = 0;
  Nanoseconds wait_max_ns = 0;
};

}  // namespace wireproof
