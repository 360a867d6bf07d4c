#include "support/raw_port.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "base/address.h"

namespace wireproof {
namespace {

void put16(Bytes& bytes, std::uint16_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

void put(Bytes& bytes, std::span<const std::uint8_t> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void put_ipv4(Bytes& bytes, const UdpFrameSpec& spec, const IpAddress& from, const IpAddress& to) {
  const unsigned header = 20 + 4 * spec.ip_options;
  put(bytes, Bytes{static_cast<std::uint8_t>(0x40 | (header / 4)), 0});
  put16(bytes, static_cast<std::uint16_t>(header + 8 + spec.payload));
  put16(bytes, 0);
  put16(bytes, spec.fragment_offset);
  put(bytes, Bytes{64, spec.protocol, 0, 0});
  put(bytes, std::span(from.bytes).first(4));
  put(bytes, std::span(to.bytes).first(4));
  bytes.insert(bytes.end(), std::size_t{4} * spec.ip_options, 1);  // RFC 791: no operation
}

void put_ipv6(Bytes& bytes, const UdpFrameSpec& spec, const IpAddress& from, const IpAddress& to) {
  put(bytes, Bytes{0x60, 0, 0, 0});
  put16(bytes, static_cast<std::uint16_t>(8 + spec.payload));
  put(bytes, Bytes{spec.protocol, 64});
  put(bytes, from.bytes);
  put(bytes, to.bytes);
}

}  // namespace

RawPort::RawPort(const std::string& interface)
    : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  const int yes = 1;
  if (!socket_ ||
      setsockopt(socket_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) != 0 ||
      bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("raw port " + interface + ": " + std::strerror(errno));
  }
}

void RawPort::send(std::span<const std::uint8_t> frame) const {
  if (::send(socket_.get(), frame.data(), frame.size(), 0) < 0) {
    throw std::runtime_error(std::string("raw send: ") + std::strerror(errno));
  }
}

Bytes RawPort::receive(int timeout_ms) const {
  pollfd ready{.fd = socket_.get(), .events = POLLIN};
  if (::poll(&ready, 1, timeout_ms) != 1) return {};
  Bytes frame(65536);
  const ssize_t length = ::recv(socket_.get(), frame.data(), frame.size(), MSG_DONTWAIT);
  frame.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return frame;
}

Bytes udp_frame(const UdpFrameSpec& spec) {
  const IpAddress from = parse_ip(spec.source).value();
  const IpAddress to = parse_ip(spec.destination).value();
  Bytes bytes(6, 0xff);
  put(bytes, Bytes{2, 0, 0, 0, 0, 1});
  if (spec.vlan) {
    put16(bytes, ETH_P_8021Q);
    put16(bytes, 42);
  }
  put16(bytes, to.v6 ? ETH_P_IPV6 : ETH_P_IP);
  to.v6 ? put_ipv6(bytes, spec, from, to) : put_ipv4(bytes, spec, from, to);
  put16(bytes, 49152);
  put16(bytes, spec.l4_port);
  put16(bytes, static_cast<std::uint16_t>(8 + spec.payload));
  put16(bytes, 0);
  bytes.insert(bytes.end(), spec.payload, 0);
  return bytes;
}

}  // namespace wireproof
