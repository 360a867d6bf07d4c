// The headers in front of the signature. No structs are laid over buffers: fields are read and
// written by offset.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/headers.h"
#include "packet/signature.h"

namespace wireproof {

inline constexpr std::size_t ip_length(bool ipv6) {
  return ipv6 ? kIpv6Length : kIpv4Length;
}

// Bytes in front of the UDP payload, without FCS.
inline constexpr std::size_t headers_length(bool ipv6, bool vlan) {
  return kEthernetLength + (vlan ? kVlanLength : 0) + ip_length(ipv6) + kUdpLength;
}

// The smallest frame, FCS included, that can carry the signature: 64, 68, 84 or 88 bytes.
inline constexpr std::uint32_t frame_size_min(bool ipv6, bool vlan) {
  return static_cast<std::uint32_t>(headers_length(ipv6, vlan) + kSignatureLength + kFcsLength);
}
static_assert(frame_size_min(false, false) == 64, "the smallest Ethernet frame is a full test");

}  // namespace wireproof
