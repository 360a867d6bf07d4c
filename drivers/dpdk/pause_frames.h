// Pause frames of a NIC (IEEE 802.3 annex 31B), as its driver tells and sets them. A paused sender
// looks like a slow one, and a NIC that asks for a pause hides that it cannot keep up: the frames
// wait in the device under test, and the tester's fault becomes its.
#pragma once

#include <cstdint>

namespace wireproof::dpdk {

// After the start of the port. What could not be refused, pause_frames_are_on() tells.
void refuse_pause_frames(std::uint16_t port, bool link_up);

// Once the link is up: before both ends have agreed, some drivers know nothing of it. False where
// the driver does not tell.
[[nodiscard]] bool pause_frames_are_on(std::uint16_t port);

}  // namespace wireproof::dpdk
