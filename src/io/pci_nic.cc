#include "io/pci_nic.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace wireproof {
namespace {

namespace fs = std::filesystem;

// PCI Code and ID Assignment: class 02h are network controllers; 00h of them Ethernet, and 80h
// "other", under which some Ethernet NICs hide.
constexpr std::string_view kEthernetClass = "0x0200";
constexpr std::string_view kOtherNetworkClass = "0x0280";

std::string read_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The names in a folder, ascending; empty when there is none.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code gone;
  for (fs::directory_iterator entry(folder, gone), end; !gone && entry != end;
       entry.increment(gone)) {
    names.push_back(entry->path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The number a text begins with; 0 when it begins with none ("Unknown").
template <typename Number>
Number leading_number(const std::string& text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "8.0 GT/s PCIe" and "16"; a link that does not exist has "Unknown" and 0, 63 or 255.
PcieLink read_link(const fs::path& device, const char* which) {
  constexpr unsigned kLanesMax = 32;
  PcieLink link{
      .gigatransfers =
          leading_number<double>(read_line(device / fmt::format("{}_link_speed", which))),
      .lanes = leading_number<unsigned>(read_line(device / fmt::format("{}_link_width", which)))};
  if (link.gigatransfers <= 0 || link.lanes == 0 || link.lanes > kLanesMax) return {};
  return link;
}

// A virtio device has its interface one level further down.
std::vector<std::string> interfaces_of(const fs::path& device) {
  std::vector<std::string> names = names_in(device / "net");
  for (const std::string& child : names_in(device)) {
    if (!child.starts_with("virtio")) continue;
    for (std::string& name : names_in(device / child / "net")) names.push_back(std::move(name));
  }
  return names;
}

std::vector<PciInterrupt> interrupts_of(const fs::path& root, const fs::path& device) {
  std::vector<std::string> numbers = names_in(device / "msi_irqs");
  // Without message-signalled ones it has the one of its pin.
  const std::string pin = read_line(device / "irq");
  if (numbers.empty() && !pin.empty() && pin != "0") numbers.push_back(pin);
  std::vector<PciInterrupt> interrupts;
  for (const std::string& name : numbers) {
    const std::string cpus = read_line(root / "proc/irq" / name / "effective_affinity_list");
    interrupts.push_back({leading_number<unsigned>(name),
                          parse_cpu_list("effective_affinity_list", cpus).value_or(CpuList{})});
  }
  std::sort(interrupts.begin(), interrupts.end(),
            [](const PciInterrupt& a, const PciInterrupt& b) { return a.number < b.number; });
  return interrupts;
}

}  // namespace

bool is_user_space_driver(std::string_view driver) {
  return driver == "vfio-pci" || driver == "uio_pci_generic" || driver == "igb_uio";
}

bool is_shared_driver(std::string_view driver) {
  return driver == "mlx5_core" || driver == "mlx4_core";
}

std::vector<PciNic> read_pci_nics(const std::string& root) {
  const fs::path devices = fs::path(root) / "sys/bus/pci/devices";
  std::vector<PciNic> nics;
  for (const std::string& address : names_in(devices)) {
    const fs::path device = devices / address;
    const std::string kind = read_line(device / "class");
    if (!kind.starts_with(kEthernetClass) && !kind.starts_with(kOtherNetworkClass)) continue;
    std::error_code none;
    const std::string node = read_line(device / "numa_node");
    nics.push_back({.address = address,
                    .driver = fs::read_symlink(device / "driver", none).filename(),
                    .interfaces = interfaces_of(device),
                    .link = read_link(device, "current"),
                    .link_max = read_link(device, "max"),
                    .numa_node = node.empty() ? -1 : leading_number<int>(node),
                    .interrupts = interrupts_of(root, device)});
  }
  return nics;
}

VfioFacts read_vfio(const std::string& root) {
  const fs::path at = root;
  std::error_code none;
  return {.iommu = !names_in(at / "sys/kernel/iommu_groups").empty(),
          .module_here = fs::exists(at / "sys/bus/pci/drivers/vfio-pci", none),
          .no_iommu_mode =
              read_line(at / "sys/module/vfio/parameters/enable_unsafe_noiommu_mode") == "Y"};
}

}  // namespace wireproof
