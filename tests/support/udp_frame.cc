#include "support/udp_frame.h"

#include <span>

namespace wireproof {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put16(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_ip(Bytes& out, const IpAddress& ip) {
  out.insert(out.end(), ip.bytes.begin(), ip.bytes.begin() + (ip.v6 ? 16 : 4));
}

std::uint32_t sum_of(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8 : bytes[i];
  }
  return sum;
}

std::uint16_t fold(std::uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void set16(Bytes& out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}

void put_ipv4(Bytes& out, const UdpFrame& frame, const IpAddress& from, const IpAddress& to,
              std::size_t udp_length) {
  const std::size_t start = out.size();
  const std::size_t header = 20 + 4 * std::size_t{frame.ip_options_words};
  out.push_back(static_cast<std::uint8_t>(0x40 | header / 4));
  out.push_back(0);
  put16(out, header + udp_length);
  put16(out, 1);
  put16(out, frame.fragment_offset);
  out.push_back(64);
  out.push_back(frame.protocol);
  put16(out, 0);
  put_ip(out, from);
  put_ip(out, to);
  out.insert(out.end(), header - 20, 1);
  set16(out, start + 10, fold(sum_of(std::span(out).subspan(start))));
}

void put_ipv6(Bytes& out, const UdpFrame& frame, const IpAddress& from, const IpAddress& to,
              std::size_t udp_length) {
  out.insert(out.end(), {0x60, 0, 0, 0});
  put16(out, udp_length);
  out.push_back(frame.protocol);
  out.push_back(64);
  put_ip(out, from);
  put_ip(out, to);
}

void put_udp(Bytes& out, const UdpFrame& frame, const IpAddress& from, const IpAddress& to,
             std::size_t udp_length) {
  const std::size_t start = out.size();
  put16(out, frame.from_port);
  put16(out, frame.to_port);
  put16(out, udp_length);
  put16(out, 0);
  for (std::size_t i = 8; i < udp_length; ++i) out.push_back(static_cast<std::uint8_t>(i));
  Bytes pseudo;
  put_ip(pseudo, from);
  put_ip(pseudo, to);
  const std::uint32_t sum =
      sum_of(pseudo) + frame.protocol + static_cast<std::uint32_t>(udp_length);
  set16(out, start + 6, fold(sum_of(std::span(out).subspan(start), sum)));
  if (frame.damaged) out.back() ^= 1;
}

}  // namespace

std::vector<std::uint8_t> udp_frame(const UdpFrame& frame) {
  const IpAddress to = *parse_ip(frame.to);
  const IpAddress from = *parse_ip(to.v6 ? "2001:2::1" : frame.from);
  Bytes out(frame.to_mac.bytes.begin(), frame.to_mac.bytes.end());
  out.insert(out.end(), {2, 0, 0, 0, 0, 1});
  for (const auto& [tpid, tci] : frame.tags) {
    put16(out, tpid);
    put16(out, tci);
  }
  put16(out, frame.ether_type != 0 ? frame.ether_type : (to.v6 ? 0x86dd : 0x0800));
  const std::size_t ip_header = to.v6 ? 40 : 20 + 4 * std::size_t{frame.ip_options_words};
  const std::size_t headers = out.size() + ip_header + 8;
  const std::size_t udp_length = 8 + (frame.length > headers ? frame.length - headers : 18);
  if (to.v6) {
    put_ipv6(out, frame, from, to, udp_length);
  } else {
    put_ipv4(out, frame, from, to, udp_length);
  }
  put_udp(out, frame, from, to, udp_length);
  return out;
}

}  // namespace wireproof
