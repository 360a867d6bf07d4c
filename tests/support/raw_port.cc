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

namespace wireproof {
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

}  // namespace wireproof
