// Bursts of received frames that the bytes of a fuzz target ask for: good ones, and ones that are
// wrong in a way of their own.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "base/address.h"
#include "fuzz/fuzz.h"
#include "io/frame.h"

namespace wireproof::fuzz {

inline constexpr std::uint16_t kTrial = 0x1234;
inline constexpr std::uint16_t kPort = 9;
inline constexpr std::uint32_t kSpaces = 3;
inline constexpr Nanoseconds kEpoch = 100 * kSecond;

// Of exactly its length, so that a read behind its end is seen.
struct Arrival {
  std::unique_ptr<std::uint8_t[]> bytes;
  Frame frame;
  [[nodiscard]] Bytes view() const { return {bytes.get(), frame.length}; }
};

struct Burst {
  std::vector<Arrival> arrivals;
  Nanoseconds now = 0;
  Nanoseconds late_after = 0;
};

struct Setting {
  bool ipv6 = false, payload_only = false, reverse = false;
  std::uint32_t delay_every = 1;
  bool limited = false;  // numbers below the limits are too old
  std::array<std::atomic<std::uint64_t>, kSpaces> limits{};
};

// The address of an end of the test; 1 and 2 are the two that frames are for.
[[nodiscard]] IpAddress address_of(bool ipv6, std::uint8_t last);
[[nodiscard]] std::vector<std::uint8_t> bytes_of(const IpAddress& ip);

void read_setting(Input& input, Setting& setting);
// What is left of the input.
[[nodiscard]] std::vector<Burst> read_bursts(Input& input, const Setting& setting);

}  // namespace wireproof::fuzz
