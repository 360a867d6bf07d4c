// Steering (io/backend.h) in software, for devices that have no kernel or NIC to do it for them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "io/backend.h"

namespace wireproof {

class SteeringMatch {
 public:
  explicit SteeringMatch(const Steering& steering);

  // See Device::also_take.
  void also_take(const PayloadMark& mark) { mark_ = mark; }

  [[nodiscard]] bool everything() const { return everything_; }

  // The common case, IPv4 without tag or options to the first prefix, is decided here with a
  // handful of comparisons; everything else is parsed.
  [[nodiscard]] bool matches(std::span<const std::uint8_t> frame) const {
    if (frame.size() >= 42 && first_.length > 0) {
      const std::uint8_t* at = frame.data();
      std::uint32_t type_and_version = 0;  // EtherType 0800, version and header length 45, TOS
      std::uint32_t destination = 0;
      std::uint16_t fragment = 0;
      std::uint16_t l4_port = 0;
      std::memcpy(&type_and_version, at + 12, 4);
      std::memcpy(&destination, at + 30, 4);
      std::memcpy(&fragment, at + 20, 2);
      std::memcpy(&l4_port, at + 36, 2);
      if ((type_and_version & first_.type_mask) == first_.type_and_version && at[23] == 17 &&
          (fragment & first_.fragment_mask) == 0 && l4_port == first_.l4_port &&
          (destination & first_.mask) == first_.destination) {
        return true;
      }
    }
    return parsed_matches(frame);
  }

 private:
  struct Ipv4Prefix {  // as the bytes lie in the frame
    std::uint32_t type_mask = 0;
    std::uint32_t type_and_version = 0;
    std::uint32_t mask = 0;
    std::uint32_t destination = 0;
    std::uint16_t fragment_mask = 0;
    std::uint16_t l4_port = 0;
    unsigned length = 0;
  };

  [[nodiscard]] bool parsed_matches(std::span<const std::uint8_t> frame) const;

  bool everything_;
  Ipv4Prefix first_;
  std::uint16_t l4_port_;
  std::vector<IpPrefix> destinations_;
  std::optional<PayloadMark> mark_;
};

}  // namespace wireproof
