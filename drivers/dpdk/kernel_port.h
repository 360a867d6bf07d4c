// The kernel's interfaces that a virtual device of DPDK sits on (net_af_packet, net_pcap, net_tap).
// DPDK says of such a port that its link is up whatever becomes of the interface: who looks at the
// interface itself sees it go down, and sees it go. Control thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/interface_counts.h"
#include "io/linux_interface.h"
#include "options.h"

namespace wireproof::dpdk {

class KernelPort {
 public:
  // Before DPDK is asked, because its own words are about system calls: the interfaces that the
  // device names, each of which must be there and carry such frames (usable_interface), and the
  // right to open it. Empty for a device that names none. Fails with kUsage or kPrecondition.
  [[nodiscard]] static Result<KernelPort> find(const Options& options, std::uint16_t buffer_len_max,
                                               bool tagged);

  // One that the device has made itself (net_tap). Fails (kPrecondition) when it is not there.
  Status add(unsigned interface_index);

  struct State {
    bool up = true;
    std::uint64_t downs = 0;  // times that the link went since find() or add()
    // By the kernel, those of others included, since then.
    std::uint64_t tx_dropped = 0;
    // Sent. Absent with a NIC among them, of which many tell a second late.
    std::optional<std::uint64_t> tx_packets = 0;
    std::uint64_t times_back = 0;  // DeviceCounters::times_back
    std::string rx_blind;          // DeviceCounters::rx_blind
  };
  // Of all of them together. Fails (kPrecondition) when one is gone.
  [[nodiscard]] Result<State> read();

  [[nodiscard]] bool empty() const { return watched_.empty(); }

 private:
  struct Watched {
    std::string name;
    bool hardware = false;
    InterfaceCounts counts;
  };
  Status watch(const LinuxInterface& interface);
  std::vector<Watched> watched_;
};

}  // namespace wireproof::dpdk
