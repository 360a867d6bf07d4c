// A second reader of received frames, written from docs/signature.md alone and a byte at a time: it
// shares no code with src/packet, src/stats or src/traffic, and is as slow as it is plain.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/fuzz.h"

namespace wireproof::fuzz {

struct PlainSignature {
  std::uint64_t trial = 0, space = 0, sequence = 0, time = 0, lateness = 0;
  friend bool operator==(const PlainSignature&, const PlainSignature&) = default;
};

enum class PlainClass { kOthers, kCorrupt, kForeign, kOurs };

// What the frames of a test are addressed to: either address, in network order.
struct PlainTest {
  bool payload_only = false;
  bool ipv6 = false;
  std::uint64_t port = 0;
  std::vector<std::vector<std::uint8_t>> addresses;
};

struct PlainFrame {
  PlainClass found = PlainClass::kOthers;
  PlainSignature signature;           // of kOurs
  std::vector<std::uint8_t> address;  // where a UDP datagram goes
  std::uint64_t port = 0;
};

// `width` bytes from `begin`, the most significant first.
[[nodiscard]] std::uint64_t number_at(Bytes bytes, std::size_t begin, std::size_t width);

// Question 1 to 3 of the receipt.
[[nodiscard]] PlainFrame read_plainly(const PlainTest& test, Bytes frame);
// The same whatever its destination, of either family; nothing unless it is kOurs.
[[nodiscard]] std::optional<PlainFrame> read_any_plainly(Bytes frame);

// The sum of RFC 1071, not inverted, of big-endian words; an odd byte has a zero behind it.
[[nodiscard]] std::uint64_t plain_sum(const std::vector<std::uint8_t>& bytes);

}  // namespace wireproof::fuzz
