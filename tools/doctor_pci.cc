#include "tools/doctor_pci.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/finding.h"

namespace wireproof {

std::string name_of(const PciNic& nic) {
  if (nic.interfaces.empty()) return nic.address;
  return fmt::format("{} ({})", nic.address, fmt::join(nic.interfaces, ", "));
}

HostFinding judge_binding(const PciNic& nic, bool in_use) {
  const std::string bound = nic.driver.empty()
                                ? fmt::format("{}: no driver bound", name_of(nic))
                                : fmt::format("{}: bound to {}", name_of(nic), nic.driver);
  const std::string& address = nic.address;
  if (is_shared_driver(nic.driver)) {
    return good("nic", bound + "; dpdk works through this driver, no binding is needed");
  }
  if (is_user_space_driver(nic.driver)) {
    return good("nic", fmt::format("{}: as dpdk:{}; back to the kernel: dpdk-devbind.py -b DRIVER "
                                   "{}, with the driver that lspci -ks {} names",
                                   bound, address, address, address));
  }
  if (in_use) {
    return good("nic", bound + ", carries the default route: do not give it to dpdk");
  }
  // A kernel driver that shows no interface here has it elsewhere, and perhaps in use.
  if (!nic.driver.empty() && nic.interfaces.empty()) {
    return good("nic", bound + ", its interface is in another network namespace: ask there");
  }
  return good("nic", fmt::format("{}; for dpdk:{}: dpdk-devbind.py -b vfio-pci {}; back: {}", bound,
                                 address, address,
                                 nic.driver.empty() ? fmt::format("dpdk-devbind.py -u {}", address)
                                                    : fmt::format("dpdk-devbind.py -b {} {}",
                                                                  nic.driver, address)));
}

HostFinding judge_vfio(const VfioFacts& vfio, bool wanted) {
  std::string text = vfio.module_here ? "vfio-pci is here" : "vfio-pci is not loaded";
  text += vfio.iommu           ? ", and an IOMMU"
          : vfio.no_iommu_mode ? ", no IOMMU, and vfio does without (unsafe)"
                               : ", no IOMMU";
  if (vfio.module_here && (vfio.iommu || vfio.no_iommu_mode)) {
    return good("vfio", text + ": dpdk can take a PCI NIC");
  }
  text += ": dpdk cannot take a PCI NIC yet";
  std::vector<std::string_view> cures;
  if (!vfio.module_here) cures.push_back("modprobe vfio-pci");
  if (!vfio.iommu && !vfio.no_iommu_mode) {
    cures.push_back(
        "boot with intel_iommu=on or amd_iommu=on; in a guest without an IOMMU: modprobe "
        "vfio enable_unsafe_noiommu_mode=1");
  }
  const std::string cure = fmt::format("{}", fmt::join(cures, "; "));
  return wanted ? limits("vfio", text, cure) : good("vfio", text + ": " + cure);
}

}  // namespace wireproof
