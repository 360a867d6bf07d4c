#include "dpdk/host.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "support/fake_root.h"

namespace wireproof::dpdk {
namespace {

constexpr const char* kNic = "0000:3b:00.0";
const std::string kDevice = std::string("sys/bus/pci/devices/") + kNic + "/";

// One Ethernet NIC bound to `driver`, and free hugepages.
class Host : public FakeRoot {
 public:
  explicit Host(const std::string& driver, int hugepages = 8) {
    write(kDevice + "class", "0x020000\n");
    if (!driver.empty()) link(kDevice + "driver", "../drivers/" + driver);
    write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", std::to_string(hugepages));
  }
  void link(const std::string& name, const std::string& target) const {
    const std::filesystem::path file = std::filesystem::path(path()) / name;
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::create_symlink(target, file);
  }
};

std::string refusal(const FakeRoot& host, const std::string& address = kNic) {
  const Status free = nic_is_free(host.path(), address);
  if (free) return "";
  EXPECT_EQ(free.error().kind, ErrorKind::kPrecondition);
  EXPECT_FALSE(free.error().hint.empty());
  return free.error().message;
}

TEST(DpdkHost, PciAddressesInBothForms) {
  EXPECT_EQ(pci_address("0000:3B:00.0"), kNic);
  EXPECT_EQ(pci_address("3b:00.0"), kNic);
  for (const char* wrong :
       {"", "eth0", "3b:00", "3b:00.8", "0000:3g:00.0", "0000-3b-00.0", "3b:00.0 "}) {
    EXPECT_FALSE(pci_address(wrong)) << wrong;
  }
}

TEST(DpdkHost, WhoHasTheNicIsSaid) {
  EXPECT_EQ(refusal(Host("uio_pci_generic")), "");
  EXPECT_EQ(refusal(Host("mlx5_core")), "");  // shares it with the kernel
  EXPECT_EQ(refusal(Host("ice")), "0000:3b:00.0 is still bound to its kernel driver, ice");
  EXPECT_EQ(refusal(Host("")), "0000:3b:00.0 is bound to no driver");
  EXPECT_EQ(refusal(Host("ice"), "0000:3c:00.0"), "there is no PCI network device 0000:3c:00.0");
  EXPECT_EQ(refusal(FakeRoot()), "there is no PCI network device 0000:3b:00.0");
  EXPECT_EQ(refusal(Host("vfio-pci", 0)),
            "no free hugepages, which 0000:3b:00.0 needs for its DMA");
}

TEST(DpdkHost, AGroupIsTakenWholeOrNotAtAll) {
  const Host host("vfio-pci");
  const std::string group = "sys/kernel/iommu_groups/7/devices/";
  host.link(kDevice + "iommu_group", "../../../kernel/iommu_groups/7");
  host.write("dev/vfio/7", "");
  host.write(group + "0000:3b:00.0/class", "0x020000\n");
  host.link(group + "0000:3b:00.0/driver", "drivers/vfio-pci");
  host.write(group + "0000:3a:00.0/class", "0x060400\n");  // the bridge above it
  host.link(group + "0000:3a:00.0/driver", "drivers/pcieport");
  EXPECT_EQ(refusal(host), "");
  host.write(group + "0000:3b:00.1/class", "0x020000\n");
  host.link(group + "0000:3b:00.1/driver", "drivers/ice");
  EXPECT_EQ(refusal(host), "0000:3b:00.0 shares IOMMU group 7 with 0000:3b:00.1, which is ice's");
}

TEST(DpdkHost, OnlyWhatDeadProcessesLeftIsRemoved) {
  const FakeRoot root;
  const std::string own = "dpdk/wireproof-" + std::to_string(getpid());
  root.write(own + "/config", "");
  root.write("dpdk/wireproof-4194304/config", "");  // above any process number
  root.write("dpdk/wireproof-/config", "");
  root.write("dpdk/another/config", "");
  remove_stale_runtime(root.path() + "/dpdk");
  const std::filesystem::path folder = root.path();
  EXPECT_TRUE(std::filesystem::exists(folder / own));
  EXPECT_FALSE(std::filesystem::exists(folder / "dpdk/wireproof-4194304"));
  EXPECT_TRUE(std::filesystem::exists(folder / "dpdk/wireproof-"));
  EXPECT_TRUE(std::filesystem::exists(folder / "dpdk/another"));
}

// As a process that listens, and as one that was killed has left it.
TEST(DpdkHost, ADeadSocketIsRemovedAndALiveOneRefused) {
  const FakeRoot root;
  root.write("file", "");
  const std::string path = root.path() + "/socket";
  EXPECT_TRUE(clear_socket("")) << "no socket at all";
  EXPECT_TRUE(clear_socket(path));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(socket.get(), 1), 0);
    const Status alive = clear_socket(path);
    ASSERT_FALSE(alive);
    EXPECT_EQ(alive.error().kind, ErrorKind::kPrecondition);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_TRUE(clear_socket(path));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(clear_socket(root.path() + "/file"));
  EXPECT_TRUE(std::filesystem::exists(root.path() + "/file")) << "no socket: not ours to remove";
}

TEST(DpdkHost, TheCureFitsTheCause) {
  EXPECT_EQ(cure_for("net_tap0", "TUNSETIFF for t: Operation not permitted").find("package"),
            std::string::npos);
  EXPECT_NE(cure_for("net_vhost0", "failed to bind: Permission denied").find("root"),
            std::string::npos);
  EXPECT_NE(cure_for("net_memif0", "Address already in use").find("process"), std::string::npos);
  EXPECT_EQ(cure_for("net_memif0", "Invalid socket directory").find("package"), std::string::npos);
}

TEST(DpdkHost, AVirtualDeviceThatNobodyTriedHidesItsDrops) {
  EXPECT_NE(hidden_drops("net_bonding", false), "");
  EXPECT_EQ(hidden_drops("net_ring", false), "");
  EXPECT_NE(hidden_drops("net_af_packet", false), "");
}

TEST(DpdkHost, TheCureNamesThePackage) {
  EXPECT_NE(cure_for("net_memif0", "failed to parse device").find("librte-net-memif23"),
            std::string::npos);
  EXPECT_NE(cure_for("net_virtio_user1", "EAL: failed to parse device").find("librte-net-virtio23"),
            std::string::npos);
  EXPECT_NE(hidden_drops("net_e1000_em", true), "");
  EXPECT_EQ(hidden_drops("net_vmxnet3", true), "");
}

}  // namespace
}  // namespace wireproof::dpdk
