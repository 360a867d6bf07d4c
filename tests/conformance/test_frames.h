// Numbered frames whose every byte is known, for ports of either layer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/backend.h"

namespace wireproof {

class TestFrames {
 public:
  // Where steering must lead: 198.18.0.0/16 and 2001:db8:5::/48, UDP port 7017.
  [[nodiscard]] static Steering steering();

  // Frames from one port to the other; `flow` is the lowest byte of the source port.
  TestFrames(const DeviceFacts& from, const DeviceFacts& to, std::uint8_t flow = 1);

  [[nodiscard]] std::uint16_t least_length() const;
  [[nodiscard]] std::uint16_t largest_length() const;
  // Every byte follows from number and length.
  void write(Frame& frame, std::uint64_t number, std::uint16_t length) const;
  // The number in a received frame; nullopt, and `why` says it, when a byte is not as written.
  [[nodiscard]] std::optional<std::uint64_t> read(const Frame& frame, std::string& why) const;
  // The first byte of the payload; what lies before it are headers.
  [[nodiscard]] std::uint16_t headers() const { return static_cast<std::uint16_t>(head_.size()); }
  [[nodiscard]] static std::uint8_t flow_of(const Frame& frame);  // l2 only

 private:
  [[nodiscard]] std::vector<std::uint8_t> bytes(std::uint64_t number, std::uint16_t length) const;

  std::vector<std::uint8_t> head_;  // Ethernet, IPv4, UDP; empty on sockets
};

// Frames for the steering tests, 100 bytes, UDP checksum absent in IPv4 (allowed: RFC 768).
struct UdpFrameSpec {
  MacAddress from, to;
  IpAddress destination;
  std::uint16_t l4_port = 7017;
  std::uint8_t protocol = 17;
  bool vlan = false;
};
[[nodiscard]] std::vector<std::uint8_t> build_udp_frame(const UdpFrameSpec& spec);

}  // namespace wireproof
