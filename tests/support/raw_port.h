// The plainest way to put a frame on an interface and to see what comes out of one: for tests that
// watch a backend from the other end of its wire.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace wireproof {

using Bytes = std::vector<std::uint8_t>;

// An AF_PACKET socket bound to one interface, all protocols. Throws std::runtime_error.
class RawPort {
 public:
  explicit RawPort(const std::string& interface);
  void send(std::span<const std::uint8_t> frame) const;
  // The next frame that arrives within the time; empty when none does. Own frames are not seen.
  [[nodiscard]] Bytes receive(int timeout_ms) const;

 private:
  UniqueFd socket_;
};

// What udp_frame() puts into the headers. Addresses are texts; a ':' makes the frame IPv6.
struct UdpFrameSpec {
  std::string source = "198.18.0.1";
  std::string destination = "198.18.0.2";
  std::uint16_t l4_port = 7711;  // destination
  unsigned payload = 18;         // bytes
  bool vlan = false;             // one 802.1Q tag
  unsigned ip_options = 0;       // 32-bit words behind the IPv4 header
  std::uint8_t protocol = 17;
  std::uint16_t fragment_offset = 0;  // in units of eight bytes
};

// Ethernet to broadcast, IP and UDP, payload zero, no checksums but IPv4's lengths: enough to be
// steered by.
[[nodiscard]] Bytes udp_frame(const UdpFrameSpec& spec = {});

}  // namespace wireproof
