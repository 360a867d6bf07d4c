// Lengths and numbers of Ethernet, IP and UDP (IEEE 802.3, 802.1Q, RFC 791, RFC 826, RFC 8200, RFC
// 768): their one home.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wireproof {

// Bytes.
inline constexpr std::size_t kFcsLength = 4;  // in frame_size, never in a buffer
inline constexpr std::size_t kEthernetLength = 14;
inline constexpr std::size_t kVlanLength = 4;
inline constexpr std::size_t kIpv4Length = 20;  // without options
inline constexpr std::size_t kIpv6Length = 40;
inline constexpr std::size_t kUdpLength = 8;
// For which a frame keeps the line busy beyond its own: preamble, delimiter, gap.
inline constexpr std::size_t kLineOverhead = 20;

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmpv6 = 58;

}  // namespace wireproof
