#include "base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace wireproof {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<MacAddress> parse_mac(std::string_view text) {
  constexpr std::size_t kLength = 17;  // "01:23:45:67:89:ab"
  if (text.size() != kLength) return std::nullopt;
  MacAddress mac;
  for (std::size_t i = 0; i < mac.bytes.size(); ++i) {
    const int high = hex_digit(text[3 * i]);
    const int low = hex_digit(text[3 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    if (i + 1 < mac.bytes.size() && text[3 * i + 2] != ':') return std::nullopt;
    mac.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return mac;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != text.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  IpAddress ip;
  if (inet_pton(AF_INET, terminated.c_str(), ip.bytes.data()) == 1) return ip;
  ip.v6 = true;
  if (inet_pton(AF_INET6, terminated.c_str(), ip.bytes.data()) == 1) return ip;
  return std::nullopt;
}

std::string format_mac(const MacAddress& mac) {
  return fmt::format("{:02x}", fmt::join(mac.bytes, ":"));
}

std::string format_ip(const IpAddress& ip) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(ip.v6 ? AF_INET6 : AF_INET, ip.bytes.data(), text.data(), text.size());
  return text.data();
}

bool IpPrefix::contains(const IpAddress& other) const {
  if (other.v6 != address.v6) return false;
  for (unsigned bit = 0; bit < length; ++bit) {
    const unsigned shift = 7 - bit % 8;
    if ((((address.bytes[bit / 8] ^ other.bytes[bit / 8]) >> shift) & 1) != 0) return false;
  }
  return true;
}

std::optional<IpPrefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::uint8_t bits = address->v6 ? 128 : 32;
  IpPrefix prefix{*address, bits};
  if (slash == text.npos) return prefix;
  const std::string_view digits = text.substr(slash + 1);
  const bool strict = !digits.empty() && digits.size() <= 3 &&
                      digits.find_first_not_of("0123456789") == digits.npos &&
                      (digits.size() == 1 || digits.front() != '0');
  if (!strict) return std::nullopt;
  const unsigned long length = std::stoul(std::string(digits));
  if (length > bits) return std::nullopt;
  prefix.length = static_cast<std::uint8_t>(length);
  for (unsigned bit = prefix.length; bit < bits; ++bit) {
    if (((address->bytes[bit / 8] >> (7 - bit % 8)) & 1) != 0) return std::nullopt;
  }
  return prefix;
}

std::string format_prefix(const IpPrefix& prefix) {
  return format_ip(prefix.address) + "/" + std::to_string(prefix.length);
}

}  // namespace wireproof
