// Steering as a classic BPF program (Documentation/networking/filter.rst) for SO_ATTACH_FILTER,
// which needs no capability beyond the socket's own.
#pragma once

#include <linux/filter.h>

#include <optional>
#include <vector>

#include "io/backend.h"

namespace wireproof::af_packet {

// Accepts whole frames that match. The kernel has taken one VLAN tag out of the frame before any
// socket sees it; a second one, or a tag that is not 802.1Q, does not match. With a mark, also what
// Device::also_take speaks of.
[[nodiscard]] std::vector<sock_filter> steering_filter(
    const Steering& steering, const std::optional<PayloadMark>& mark = std::nullopt);

}  // namespace wireproof::af_packet
