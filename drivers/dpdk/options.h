// "dpdk:net_memif0,role=client,flow-control=keep" taken apart: what is ours and what is DPDK's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/backend.h"

namespace wireproof::dpdk {

struct Options {
  std::string name;       // as DPDK knows the device: "0000:03:00.0", "net_memif0"
  std::string arguments;  // name and the options that are not ours, for DPDK
  bool nic = false;       // a PCI address, not a virtual device
  bool promiscuous = false;
  bool keep_flow_control = false;       // flow-control=keep: pause frames as the NIC has them
  std::vector<std::string> interfaces;  // of the kernel, which it opens
  std::vector<std::string> makes;       // of the kernel, which it makes and which end with it
  std::string listens_at;               // the socket file that it makes; empty: none
  std::uint32_t ring_holds = 0;         // see FullRing
  std::string queues_key;  // the option that says how many queues it has; empty: they are found
};

// Fails with kUsage: a device that is not to be had, a device that is neither a PCI address nor
// net_NAME, a value that is none of the known ones. Options that are not ours are the driver's to
// judge.
[[nodiscard]] Result<Options> parse_options(const PortSpec& port);

}  // namespace wireproof::dpdk
