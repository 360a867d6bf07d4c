// Addresses as values, in network byte order, with the textual forms of RFC 4291/5952 and IEEE.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wireproof {

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};
  [[nodiscard]] bool is_zero() const { return *this == MacAddress{}; }
  [[nodiscard]] bool is_multicast() const { return (bytes[0] & 1) != 0; }  // broadcast included
  friend bool operator==(const MacAddress&, const MacAddress&) = default;
};

// IPv4 in the first four bytes, or IPv6 in all sixteen.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool v6 = false;
  [[nodiscard]] bool is_zero() const { return bytes == std::array<std::uint8_t, 16>{}; }
  [[nodiscard]] bool is_multicast() const {
    return v6 ? bytes[0] == 0xff : (bytes[0] & 0xf0) == 0xe0;
  }
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// The addresses that begin with the first `length` bits of one.
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;  // bits: 0..32, or 0..128
  [[nodiscard]] bool contains(const IpAddress& other) const;
  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

// nullopt unless the whole text is one address in the usual form.
[[nodiscard]] std::optional<MacAddress> parse_mac(std::string_view text);
[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);
// "198.18.0.0/15"; without a length, one address. nullopt also where bits beyond the length are
// set.
[[nodiscard]] std::optional<IpPrefix> parse_prefix(std::string_view text);
[[nodiscard]] std::string format_prefix(const IpPrefix& prefix);
[[nodiscard]] std::string format_mac(const MacAddress& mac);
[[nodiscard]] std::string format_ip(const IpAddress& ip);

}  // namespace wireproof
