#include "io/pci_nic.h"

#include <gtest/gtest.h>

#include "support/fake_root.h"

namespace wireproof {
namespace {

constexpr const char* kDevices = "sys/bus/pci/devices/";

void bind(const FakeRoot& root, const std::string& address, const std::string& driver) {
  const std::filesystem::path device = root.path() + "/" + kDevices + address;
  std::filesystem::create_symlink("../../../../bus/pci/drivers/" + driver, device / "driver");
}

TEST(PciNic, WhatThereIsToSayOfAnIdealOne) {
  const FakeRoot root;
  const std::string device = std::string(kDevices) + "0000:3b:00.0/";
  root.write(device + "class", "0x020000\n");
  root.write(device + "numa_node", "1\n");
  root.write(device + "current_link_speed", "8.0 GT/s PCIe\n");
  root.write(device + "current_link_width", "8\n");
  root.write(device + "max_link_speed", "16.0 GT/s PCIe\n");
  root.write(device + "max_link_width", "16\n");
  root.write(device + "net/ens1f0/mtu", "1500\n");
  root.write(device + "msi_irqs/100", "msix\n");
  root.write(device + "msi_irqs/99", "msix\n");
  root.write(device + "irq", "16\n");  // which it does not use
  root.write("proc/irq/99/effective_affinity_list", "2-3\n");
  root.write("proc/irq/100/effective_affinity_list", "\n");
  bind(root, "0000:3b:00.0", "ice");
  const auto nics = read_pci_nics(root.path());
  ASSERT_EQ(nics.size(), 1u);
  const PciNic& nic = nics[0];
  EXPECT_EQ(nic.address, "0000:3b:00.0");
  EXPECT_EQ(nic.driver, "ice");
  EXPECT_EQ(nic.interfaces, std::vector<std::string>{"ens1f0"});
  EXPECT_EQ(nic.link, (PcieLink{8, 8}));
  EXPECT_EQ(nic.link_max, (PcieLink{16, 16}));
  EXPECT_EQ(nic.numa_node, 1);
  ASSERT_EQ(nic.interrupts.size(), 2u);
  EXPECT_EQ(nic.interrupts[0].number, 99u);
  EXPECT_EQ(nic.interrupts[0].cpus, (CpuList{2, 3}));
  EXPECT_TRUE(nic.interrupts[1].cpus.empty());
}

TEST(PciNic, AVirtualOneAndOneThatNobodyHolds) {
  const FakeRoot root;
  root.write(std::string(kDevices) + "0000:00:04.0/class", "0x020000\n");
  root.write(std::string(kDevices) + "0000:00:04.0/current_link_speed", "Unknown\n");
  root.write(std::string(kDevices) + "0000:00:04.0/current_link_width", "255\n");
  root.write(std::string(kDevices) + "0000:00:03.0/class", "0x020000\n");
  root.write(std::string(kDevices) + "0000:00:03.0/virtio2/net/eth0/mtu", "1500\n");
  root.write(std::string(kDevices) + "0000:00:03.0/irq", "11\n");
  root.write(std::string(kDevices) + "0000:00:04.0/irq", "0\n");
  bind(root, "0000:00:03.0", "virtio-pci");
  const auto nics = read_pci_nics(root.path());
  ASSERT_EQ(nics.size(), 2u);
  EXPECT_EQ(nics[0].address, "0000:00:03.0");
  EXPECT_EQ(nics[0].driver, "virtio-pci");
  EXPECT_EQ(nics[0].interfaces, std::vector<std::string>{"eth0"});
  EXPECT_EQ(nics[0].link, PcieLink{});
  EXPECT_EQ(nics[0].numa_node, -1);
  ASSERT_EQ(nics[0].interrupts.size(), 1u) << "that of its pin";
  EXPECT_EQ(nics[0].interrupts[0].number, 11u);
  EXPECT_TRUE(nics[1].interrupts.empty());
  EXPECT_TRUE(nics[1].driver.empty());
  EXPECT_TRUE(nics[1].interfaces.empty());
  EXPECT_EQ(nics[1].link, PcieLink{}) << "no link is half known";
}

TEST(PciNic, OtherClassesAreNone) {
  const FakeRoot root;
  EXPECT_TRUE(read_pci_nics(root.path()).empty());
  const char* const classes[] = {"0x060000\n", "0x010802\n", "0x020700\n", "\n", "0x0c0330\n"};
  for (std::size_t i = 0; i < std::size(classes); ++i) {
    root.write(kDevices + ("0000:00:0" + std::to_string(i)) + ".0/class", classes[i]);
  }
  EXPECT_TRUE(read_pci_nics(root.path()).empty());
  root.write(std::string(kDevices) + "0000:00:1f.0/class", "0x028000\n");
  EXPECT_EQ(read_pci_nics(root.path()).size(), 1u);
}

TEST(PciNic, Vfio) {
  const FakeRoot root;
  VfioFacts facts = read_vfio(root.path());
  EXPECT_FALSE(facts.iommu || facts.module_here || facts.no_iommu_mode);
  std::filesystem::create_directories(root.path() + "/sys/kernel/iommu_groups");
  EXPECT_FALSE(read_vfio(root.path()).iommu) << "no group, no IOMMU";
  root.write("sys/kernel/iommu_groups/0/type", "DMA\n");
  root.write("sys/bus/pci/drivers/vfio-pci/new_id", "");
  root.write("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
  facts = read_vfio(root.path());
  EXPECT_TRUE(facts.iommu && facts.module_here && facts.no_iommu_mode);
}

}  // namespace
}  // namespace wireproof
