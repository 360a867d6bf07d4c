// Reading a received frame back: is it ours by address, is it intact, what does it say?
#pragma once

#include <array>
#include <cstdint>

#include "base/address.h"
#include "packet/headers.h"
#include "packet/signature.h"

namespace wireproof {

enum class FrameClass : std::uint8_t {
  kOthers,   // not our address and port: in no counter at all
  kCorrupt,  // ours by address and port; length or checksum wrong
  kForeign,  // intact, but without our magic
  kOurs,
};

// What the destination of a frame must be for it to be ours by address: UDP to this port, and to an
// address that equals one of the two (one a direction) under its mask.
struct AddressMatch {
  struct Destination {
    std::array<std::uint64_t, 2> address{};  // as load_be64 reads it; IPv4 in the low half of [1]
    std::array<std::uint64_t, 2> mask{};
  };
  bool payload_only = false;  // sockets: the kernel matched already and checked the checksum
  bool ipv6 = false;
  std::uint16_t l4_port = 0;
  std::array<Destination, 2> destinations{};
};

[[nodiscard]] AddressMatch::Destination match_prefix(const IpAddress& address, unsigned length);

// Classifies up to the magic; `signature` is set only for kOurs. Reads at most `length` bytes.
[[nodiscard]] FrameClass read_test_frame(const AddressMatch& match, const std::uint8_t* bytes,
                                         std::size_t length, Signature& signature);

}  // namespace wireproof
