// What the doctor says of PCI Ethernet devices: who holds each, and how the dpdk backend would get
// and give back one.
#pragma once

#include <string>
#include <vector>

#include "io/pci_nic.h"
#include "report/host_report.h"

namespace wireproof {

// "0000:3b:00.0 (ens1f0)".
[[nodiscard]] std::string name_of(const PciNic& nic);

// `in_use`: one of its interfaces carries the default route.
[[nodiscard]] HostFinding judge_binding(const PciNic& nic, bool in_use);

// `wanted`: something of this run would use a user-space driver, so that not having one is a limit.
[[nodiscard]] HostFinding judge_vfio(const VfioFacts& vfio, bool wanted);

}  // namespace wireproof
