// What the doctor looks at on one network interface.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/linux_interface.h"
#include "report/host_report.h"

namespace wireproof {

struct RingSizes {  // descriptors, ethtool -g
  unsigned rx = 0, rx_max = 0;
  unsigned tx = 0, tx_max = 0;
};

struct InterfaceState {
  LinuxInterface interface;
  std::optional<RingSizes> rings;  // absent: the driver has none to speak of
  bool gro = false;                // generic receive offload
  bool lro = false;                // large receive offload, in hardware
  bool rx_pause = false;           // IEEE 802.3x: obeys pause frames
  std::uint32_t xdp_program = 0;   // id of what is attached; 0: none
};

// Fails (kUsage) when there is no interface of that name.
[[nodiscard]] Result<InterfaceState> examine_interface(const std::string& name);

// Pure.
[[nodiscard]] std::vector<HostFinding> judge_interface(const InterfaceState& state);

}  // namespace wireproof
