// What a port's counters grew by between two readings, and whether that is all there was.
#pragma once

#include <cstdint>
#include <optional>

#include "io/backend.h"
#include "trial/reports.h"

namespace wireproof {

// Absent where it is absent at either end, or went back between them: it cannot be told.
[[nodiscard]] inline std::optional<std::uint64_t> grown(const std::optional<std::uint64_t>& before,
                                                        const std::optional<std::uint64_t>& after) {
  if (!before || !after || *after < *before) return std::nullopt;
  return *after - *before;
}

[[nodiscard]] inline PortGrowth growth_of(const DeviceCounters& before,
                                          const DeviceCounters& after) {
  return {.tx_dropped = grown(before.tx_dropped, after.tx_dropped),
          .rx_ring_dropped = grown(before.rx_ring_dropped, after.rx_ring_dropped),
          .rx_nic_dropped = grown(before.rx_nic_dropped, after.rx_nic_dropped),
          .set_back = before.times_back != after.times_back,
          .ring_filled = after.rx_ring_filled != before.rx_ring_filled,
          .rx_blind = after.rx_blind.empty() ? before.rx_blind : after.rx_blind};
}

}  // namespace wireproof
