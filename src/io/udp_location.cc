#include "io/udp_location.h"

#include <algorithm>

#include "base/headers.h"

namespace wireproof {
namespace {

std::uint16_t u16(std::span<const std::uint8_t> frame, std::size_t at) {
  return static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]);
}

// The offset of the UDP header; 0: none.
std::size_t udp_behind_ipv4(std::span<const std::uint8_t> frame, std::size_t ip) {
  if (frame.size() < ip + kIpv4Length || frame[ip] >> 4 != 4) return 0;
  const std::size_t header = std::size_t{frame[ip] & 0x0fu} * 4;
  const bool later_fragment = (u16(frame, ip + 6) & 0x1fff) != 0;
  if (header < kIpv4Length || later_fragment || frame[ip + 9] != kProtocolUdp) return 0;
  return ip + header;
}

std::size_t udp_behind_ipv6(std::span<const std::uint8_t> frame, std::size_t ip) {
  if (frame.size() < ip + kIpv6Length || frame[ip] >> 4 != 6) return 0;
  return frame[ip + 6] == kProtocolUdp ? ip + kIpv6Length : 0;
}

}  // namespace

std::optional<UdpLocation> find_udp(std::span<const std::uint8_t> frame) {
  if (frame.size() < kEthernetLength + kVlanLength) return std::nullopt;
  std::size_t ip = kEthernetLength;
  std::uint16_t type = u16(frame, 12);
  if (type == kEtherTypeVlan) {
    type = u16(frame, 16);
    ip += kVlanLength;
  }
  std::size_t udp = 0;
  if (type == kEtherTypeIpv4) udp = udp_behind_ipv4(frame, ip);
  if (type == kEtherTypeIpv6) udp = udp_behind_ipv6(frame, ip);
  if (udp == 0 || frame.size() < udp + kUdpLength) return std::nullopt;
  const std::size_t stated = std::max<std::size_t>(u16(frame, udp + 4), kUdpLength);
  const std::size_t length = std::min(stated, frame.size() - udp) - kUdpLength;
  return UdpLocation{.v6 = type == kEtherTypeIpv6,
                     .ip = static_cast<std::uint16_t>(ip),
                     .udp = static_cast<std::uint16_t>(udp),
                     .payload = static_cast<std::uint16_t>(udp + kUdpLength),
                     .payload_length = static_cast<std::uint16_t>(length)};
}

bool flip_payload_bit(std::span<std::uint8_t> frame, std::uint64_t entropy) {
  const std::optional<UdpLocation> udp = find_udp(frame);
  if (!udp || udp->payload_length == 0) return false;
  const std::uint64_t bit = entropy % (std::uint64_t{udp->payload_length} * 8);
  frame[udp->payload + bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
  return true;
}

}  // namespace wireproof
