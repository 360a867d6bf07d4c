#include "io/interface_counts.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace wireproof {

void AdminWatch::open(const LinuxInterface& interface) {
  index_ = static_cast<int>(interface.index);
  up_ = interface.admin_up;
  socket_ = UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (socket_ &&
      ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    socket_ = UniqueFd();
  }
}

std::uint64_t AdminWatch::downs() {
  alignas(nlmsghdr) std::array<std::byte, 32768> buffer;
  while (socket_) {
    const ssize_t length = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (length > 0) {
      for_each_message(std::span(buffer).first(static_cast<std::size_t>(length)),
                       [this](const NetlinkAnswer& message) {
                         take(message);
                         return true;
                       });
    } else if (length < 0 && errno == ENOBUFS) {
      ++downs_;
    } else if (length == 0 || errno != EINTR) {
      break;
    }
  }
  return downs_;
}

void AdminWatch::take(const NetlinkAnswer& message) {
  const auto link = message.header<ifinfomsg>();
  if (message.type != RTM_NEWLINK || message.payload.size() < sizeof link) return;
  if (link.ifi_index != index_) return;
  const bool up = (link.ifi_flags & IFF_UP) != 0;
  downs_ += up_ && !up;
  up_ = up;
}

Status InterfaceCounts::begin(const LinuxInterface& interface) {
  interface_ = interface;
  admin_.open(interface);
  const Result<InterfaceStatistics> now = read_statistics(interface_);
  if (!now) return tl::unexpected(now.error());
  tx_packets_.begin(now->tx_packets);
  tx_dropped_.begin(now->tx_dropped);
  tx_errors_.begin(now->tx_errors);
  rx_packets_.begin(now->rx_packets);
  rx_dropped_.begin(now->rx_dropped);
  rx_missed_.begin(now->rx_missed_errors);
  rx_fifo_.begin(now->rx_fifo_errors);
  rx_over_.begin(now->rx_over_errors);
  carrier_downs_.begin(now->carrier_down_count);
  return {};
}

Result<InterfaceTotals> InterfaceCounts::read() {
  const Result<InterfaceStatistics> now = read_statistics(interface_);
  if (!now) return tl::unexpected(now.error());
  InterfaceTotals totals;
  tx_packets_.read(now->tx_packets);
  tx_errors_.read(now->tx_errors);
  rx_packets_.read(now->rx_packets);
  totals.tx_dropped_growth = tx_dropped_.read(now->tx_dropped);
  totals.rx_dropped_growth = rx_dropped_.read(now->rx_dropped);
  missed_ += std::max({rx_missed_.read(now->rx_missed_errors), rx_fifo_.read(now->rx_fifo_errors),
                       rx_over_.read(now->rx_over_errors)});
  carrier_downs_.read(now->carrier_down_count);
  totals.tx_packets = tx_packets_.total();
  totals.tx_dropped = tx_dropped_.total();
  totals.tx_errors = tx_errors_.total();
  totals.rx_packets = rx_packets_.total();
  totals.rx_dropped = rx_dropped_.total();
  totals.rx_missed = missed_;
  totals.link_downs = carrier_downs_.total() + admin_.downs();
  for (const Counter* counter : {&tx_packets_, &tx_dropped_, &rx_packets_, &rx_dropped_,
                                 &rx_missed_, &rx_fifo_, &rx_over_}) {
    totals.times_back += counter->times_back();
  }
  totals.link_up = now->carrier;
  totals.xdp_program = now->xdp_program;
  return totals;
}

}  // namespace wireproof
