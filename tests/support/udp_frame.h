// UDP frames said field by field, for tests that need right ones and subtly wrong ones. Their
// checksums are right unless `damaged`; nothing here is shared with the packet module under test.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"

namespace wireproof {

struct UdpFrame {
  std::size_t length = 0;           // whole frame without FCS; 0: headers and 18 bytes of payload
  std::string from = "198.18.0.1";  // IPv4; for an IPv6 `to` it is 2001:2::1
  std::string to = "198.18.0.2";
  std::uint16_t from_port = 1024, to_port = 7711;
  MacAddress to_mac = *parse_mac("02:00:00:00:00:02");
  std::vector<std::pair<std::uint16_t, std::uint16_t>> tags = {};  // TPID, TCI; outermost first
  std::uint8_t protocol = 17;
  unsigned ip_options_words = 0;      // IPv4: each 4 bytes of no-operation options
  std::uint16_t fragment_offset = 0;  // IPv4, in units of 8 bytes
  std::uint16_t ether_type = 0;       // 0: that of the addresses
  bool damaged = false;               // one bit of the payload flipped after the checksum
};

[[nodiscard]] std::vector<std::uint8_t> udp_frame(const UdpFrame& frame);

}  // namespace wireproof
