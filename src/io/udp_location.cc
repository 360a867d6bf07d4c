#include "io/udp_location.h"

#include <algorithm>

namespace wireproof {
namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kVlanTag = 4;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kUdpHeader = 8;
constexpr std::uint16_t kTypeVlan = 0x8100;
constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kTypeIpv6 = 0x86dd;
constexpr std::uint8_t kProtocolUdp = 17;

std::uint16_t u16(std::span<const std::uint8_t> frame, std::size_t at) {
  return static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]);
}

// The offset of the UDP header; 0: none.
std::size_t udp_behind_ipv4(std::span<const std::uint8_t> frame, std::size_t ip) {
  if (frame.size() < ip + kIpv4Header || frame[ip] >> 4 != 4) return 0;
  const std::size_t header = std::size_t{frame[ip] & 0x0fu} * 4;
  const bool later_fragment = (u16(frame, ip + 6) & 0x1fff) != 0;
  if (header < kIpv4Header || later_fragment || frame[ip + 9] != kProtocolUdp) return 0;
  return ip + header;
}

std::size_t udp_behind_ipv6(std::span<const std::uint8_t> frame, std::size_t ip) {
  if (frame.size() < ip + kIpv6Header || frame[ip] >> 4 != 6) return 0;
  return frame[ip + 6] == kProtocolUdp ? ip + kIpv6Header : 0;
}

}  // namespace

std::optional<UdpLocation> find_udp(std::span<const std::uint8_t> frame) {
  if (frame.size() < kEthernetHeader + kVlanTag) return std::nullopt;
  std::size_t ip = kEthernetHeader;
  std::uint16_t type = u16(frame, 12);
  if (type == kTypeVlan) {
    type = u16(frame, 16);
    ip += kVlanTag;
  }
  std::size_t udp = 0;
  if (type == kTypeIpv4) udp = udp_behind_ipv4(frame, ip);
  if (type == kTypeIpv6) udp = udp_behind_ipv6(frame, ip);
  if (udp == 0 || frame.size() < udp + kUdpHeader) return std::nullopt;
  const std::size_t stated = std::max<std::size_t>(u16(frame, udp + 4), kUdpHeader);
  const std::size_t length = std::min(stated, frame.size() - udp) - kUdpHeader;
  return UdpLocation{.v6 = type == kTypeIpv6,
                     .ip = static_cast<std::uint16_t>(ip),
                     .udp = static_cast<std::uint16_t>(udp),
                     .payload = static_cast<std::uint16_t>(udp + kUdpHeader),
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
