// Where the UDP datagram lies in an Ethernet frame: as much parsing as steering, damage and
// forwarding need, and no more. Formats: IEEE 802.1Q (one tag), RFC 791, RFC 8200, RFC 768.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace wireproof {

struct UdpLocation {  // offsets from the start of the frame, in bytes
  bool v6 = false;
  std::uint16_t ip = 0;
  std::uint16_t udp = 0;
  std::uint16_t payload = 0;
  // What the UDP header says, cut at the end of the frame; padding to 60 bytes is not payload.
  std::uint16_t payload_length = 0;
};

// nullopt for anything but a UDP header within the frame: other protocols, later fragments, IPv6
// extension headers, a second VLAN tag, truncation.
[[nodiscard]] std::optional<UdpLocation> find_udp(std::span<const std::uint8_t> frame);

// Flips exactly one bit of the UDP payload, chosen by `entropy` (64 random bits). False, and the
// frame is as it was, where there is no payload.
bool flip_payload_bit(std::span<std::uint8_t> frame, std::uint64_t entropy);

}  // namespace wireproof
