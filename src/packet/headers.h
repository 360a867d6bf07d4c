// Offsets and constants of the headers in front of the signature (IEEE 802.3, 802.1Q, RFC 791, RFC
// 8200, RFC 768). No structs are laid over buffers: fields are read and written by offset.
#pragma once

#include <cstddef>
#include <cstdint>

#include "packet/signature.h"

namespace wireproof {

inline constexpr std::size_t kFcsLength = 4;  // in frame_size, never in a buffer
inline constexpr std::size_t kEthernetLength = 14;
inline constexpr std::size_t kVlanLength = 4;
inline constexpr std::size_t kIpv4Length = 20;
inline constexpr std::size_t kIpv6Length = 40;
inline constexpr std::size_t kUdpLength = 8;

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;
inline constexpr std::uint8_t kProtocolUdp = 17;

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
