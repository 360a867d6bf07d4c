// What the kernel counts of one interface while a port is open on it: totals that never go back,
// whatever the driver does to its own, and each time that the link went.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "io/counter.h"
#include "io/linux_interface.h"
#include "io/netlink.h"

namespace wireproof {

// Sees an interface being set down, however shortly: an interface that has no carrier to lose (tap,
// dummy, macvlan) counts nothing of it. Control thread.
class AdminWatch {
 public:
  // Of the calling thread's network namespace. Where the kernel gives no such socket, it sees
  // nothing.
  void open(const LinuxInterface& interface);
  // Times the interface was set down since open(). Messages that the kernel had no room for count
  // as one.
  [[nodiscard]] std::uint64_t downs();

 private:
  void take(const NetlinkAnswer& message);

  UniqueFd socket_;
  int index_ = 0;
  bool up_ = true;
  std::uint64_t downs_ = 0;
};

struct InterfaceTotals {  // since begin()
  std::uint64_t tx_packets = 0, tx_dropped = 0, tx_errors = 0;
  std::uint64_t rx_packets = 0, rx_dropped = 0;
  // By the NIC, for want of room: the greatest of rx_missed_errors, rx_fifo_errors and
  // rx_over_errors at each reading, because drivers count one frame in several.
  std::uint64_t rx_missed = 0;
  std::uint64_t link_downs = 0;  // grows each time that the link went, perhaps by two
  std::uint64_t times_back = 0;  // readings at which one of the driver's counters had gone back
  std::uint64_t tx_dropped_growth = 0, rx_dropped_growth = 0;  // since the reading before
  bool link_up = false;
  std::uint32_t xdp_program = 0;  // id of the XDP program on it, whoever's; 0: none
};

// Control thread.
class InterfaceCounts {
 public:
  // Counts from here. Fails (kPrecondition) when the interface is gone.
  [[nodiscard]] Status begin(const LinuxInterface& interface);
  // Reads now. Fails (kPrecondition) when the interface is gone.
  [[nodiscard]] Result<InterfaceTotals> read();

 private:
  LinuxInterface interface_;
  AdminWatch admin_;
  Counter tx_packets_, tx_dropped_, tx_errors_, rx_packets_, rx_dropped_;
  Counter rx_missed_, rx_fifo_, rx_over_, carrier_downs_;
  std::uint64_t missed_ = 0;
};

}  // namespace wireproof
