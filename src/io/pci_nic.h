// PCI Ethernet devices as sysfs describes them (Documentation/ABI/testing/sysfs-bus-pci), bound to
// a kernel driver or not: those that a user-space driver holds have no interface.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/cpu.h"

namespace wireproof {

struct PcieLink {
  double gigatransfers = 0;  // GT/s of a lane; 0: unknown, as of most virtual devices
  unsigned lanes = 0;        // 0: unknown
  friend bool operator==(const PcieLink&, const PcieLink&) = default;
};

struct PciInterrupt {
  unsigned number = 0;  // of /proc/irq
  CpuList cpus;         // where it is served now; empty: nowhere yet
};

struct PciNic {
  std::string address;                  // "0000:3b:00.0"
  std::string driver;                   // bound now; empty: none
  std::vector<std::string> interfaces;  // of the kernel, ascending; empty under user-space drivers
  PcieLink link;                        // as trained
  PcieLink link_max;                    // what the device can
  int numa_node = -1;                   // -1: the firmware names none
  std::vector<PciInterrupt> interrupts;
};

// Can devices be given to a user-space driver, with their DMA confined to it?
struct VfioFacts {
  bool iommu = false;          // the kernel has groups of devices to confine
  bool module_here = false;    // vfio-pci is loaded, or built in
  bool no_iommu_mode = false;  // vfio was told to do without (unsafe)
};

// A driver that gives the device to a program: it has no interface and no interrupts of the kernel.
[[nodiscard]] bool is_user_space_driver(std::string_view driver);
// A kernel driver that dpdk works through: it stays bound, and the kernel keeps the interface.
[[nodiscard]] bool is_shared_driver(std::string_view driver);

// All devices of class 0x0200 (Ethernet) and 0x0280 (other network), by address.
[[nodiscard]] std::vector<PciNic> read_pci_nics(const std::string& root);
[[nodiscard]] VfioFacts read_vfio(const std::string& root);

}  // namespace wireproof
