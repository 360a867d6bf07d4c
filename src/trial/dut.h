// What a known device (`wireproof dut`) did to the frames that crossed it. Integers only; docs of
// every key: docs/dut.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"

namespace wireproof {

// One direction. Every frame that arrived, and every copy that was made, left or died in exactly
// one of the ways below (checked by check_identity):
//   arrived + duplicated =
//       forwarded + dropped + queue_dropped + pool_dropped + oversize_dropped + unsent
struct DutCounts {
  std::uint64_t arrived = 0;
  std::uint64_t duplicated = 0;        // copies made
  std::uint64_t forwarded = 0;         // frames, copies included, that the other port accepted
  std::uint64_t dropped = 0;           // by --loss
  std::uint64_t queue_dropped = 0;     // found the queue of --rate full (copies included)
  std::uint64_t pool_dropped = 0;      // our fault: no buffer was free
  std::uint64_t oversize_dropped = 0;  // longer than the other port can send
  std::uint64_t unsent = 0;            // still inside when the device was stopped
  // Of those above:
  std::uint64_t corrupted = 0;   // arrivals of which one bit was flipped
  std::uint64_t reordered = 0;   // arrivals that were held back
  std::uint64_t drained = 0;     // forwarded after the device was told to stop
  std::uint64_t tx_blocked = 0;  // times a frame was due and the other port had no room
};

// By the names under which they are reported, in the order of that identity.
inline constexpr std::array<std::pair<const char*, std::uint64_t DutCounts::*>, 12> kDutCounters{{
    {"arrived", &DutCounts::arrived},
    {"duplicated", &DutCounts::duplicated},
    {"forwarded", &DutCounts::forwarded},
    {"dropped", &DutCounts::dropped},
    {"queue_dropped", &DutCounts::queue_dropped},
    {"pool_dropped", &DutCounts::pool_dropped},
    {"oversize_dropped", &DutCounts::oversize_dropped},
    {"unsent", &DutCounts::unsent},
    {"corrupted", &DutCounts::corrupted},
    {"reordered", &DutCounts::reordered},
    {"drained", &DutCounts::drained},
    {"tx_blocked", &DutCounts::tx_blocked},
}};
static_assert(sizeof(DutCounts) == kDutCounters.size() * sizeof(std::uint64_t), "all are reported");

// The identity above, in words when it does not hold; empty when it does.
[[nodiscard]] std::string check_identity(const DutCounts& counts);

// A port's own view; absent where its backend cannot tell.
struct DutPort {
  std::string port;  // as the user wrote it
  std::string backend;
  std::string mode;
  std::string rx_stamp;  // whose clock decides the fate of a frame: "xdp", "kernel", "poll"
  std::optional<std::uint64_t> tx_dropped;
  std::optional<std::uint64_t> rx_ring_dropped;
  std::optional<std::uint64_t> rx_nic_dropped;
};

struct DutDirection {
  std::string from;
  std::string to;
  DutCounts counts;
};

struct DutResult {
  DutPort a;
  DutPort b;
  DutDirection a_to_b;
  DutDirection b_to_a;
  Nanoseconds duration = 0;
  std::string log;  // path; empty without one
  std::uint64_t log_records = 0;
  std::uint64_t log_overflow = 0;  // copies that found the log full and are not in it
};

}  // namespace wireproof
