// The one buffer type that crosses the I/O boundary.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace wireproof {

// A view of one buffer that a driver owns. The bytes never include the FCS (glossary: buffer_len =
// frame_size - 4). On an l2 device they begin at the Ethernet header, on a udp_payload device at
// the first byte of the UDP payload.
//
// A borrowed frame keeps its old bytes and its `template_id`, so that a recycled frame of the same
// template is patched, not rewritten. A driver that may have changed the bytes in between (or that
// has never seen them written) sets template_id to 0.
struct Frame {
  std::uint8_t* data = nullptr;
  // Receive: when the frame reached this host, on the axis of OpenSpec::clock, by the stamp source
  // that DeviceFacts::rx_stamp names; 0: the device gave none and the time of the poll is all there
  // is.
  Nanoseconds stamp = 0;
  std::uint32_t template_id = 0;
  std::uint32_t slot = 0;  // the driver's own index of the buffer; nobody else looks at it
  std::uint16_t length = 0;
  std::uint16_t capacity = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(Frame) == 32, "two frames a cache line");

}  // namespace wireproof
