#include "host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/nearest.h"
#include "base/unique_fd.h"
#include "io/pci_nic.h"

namespace wireproof::dpdk {
namespace {

namespace fs = std::filesystem;

std::string first_word(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  stream >> word;
  return word;
}

std::string link_name(const fs::path& link) {
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  return error ? std::string() : target.filename().string();
}

Status group_is_free(const std::string& root, const std::string& address,
                     const std::string& group) {
  const fs::path members = fs::path(root) / "sys/kernel/iommu_groups" / group / "devices";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(members, error)) {
    const std::string driver = link_name(entry.path() / "driver");
    const bool bridge = first_word(entry.path() / "class").starts_with("0x0604");
    if (!driver.empty() && !bridge && !is_user_space_driver(driver)) {
      return fail(ErrorKind::kPrecondition,
                  fmt::format("{} shares IOMMU group {} with {}, which is {}'s", address, group,
                              entry.path().filename().string(), driver),
                  "bind every device of the group to vfio-pci");
    }
  }
  const fs::path node = fs::path(root) / "dev/vfio" / group;
  const UniqueFd held(::open(node.c_str(), O_RDWR | O_CLOEXEC));
  if (held) return {};
  if (errno == EBUSY) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("another process has {} (VFIO group {})", address, group),
                fmt::format("end it; fuser {} names it", node.string()), EBUSY);
  }
  return fail(ErrorKind::kPrecondition, fmt::format("VFIO group {} cannot be opened", group),
              "run as root, or own " + node.string(), errno);
}

// By the kernel's list, which is of this network namespace: to knock at the door of somebody who
// expects one caller would be to take its place.
bool listed(const std::string& path) {
  std::ifstream list("/proc/net/unix");
  std::string line;
  while (std::getline(list, line)) {
    if (line.ends_with(" " + path)) return true;
  }
  return false;
}

}  // namespace

std::uint64_t free_hugepages(const std::string& root) {
  std::uint64_t pages = 0;
  std::error_code error;
  for (const auto& size :
       fs::directory_iterator(fs::path(root) / "sys/kernel/mm/hugepages", error)) {
    pages += std::strtoull(first_word(size.path() / "free_hugepages").c_str(), nullptr, 10);
  }
  return pages;
}

bool hugetlbfs_mounted(const std::string& root) {
  std::ifstream mounts(fs::path(root) / "proc/mounts");
  std::string line;
  while (std::getline(mounts, line)) {
    if (line.find(" hugetlbfs ") != std::string::npos) return true;
  }
  return false;
}

std::string runtime_folder() {
  const char* own = std::getenv("XDG_RUNTIME_DIR");
  const std::string base = geteuid() == 0 ? "/var/run" : own != nullptr ? own : "/tmp";
  return base + "/dpdk";
}

void remove_stale_runtime(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kRuntimePrefix)) continue;
    const pid_t process = std::atoi(name.c_str() + kRuntimePrefix.size());
    if (process <= 0 || kill(process, 0) == 0 || errno != ESRCH) continue;
    std::error_code ignored;
    fs::remove_all(entry.path(), ignored);
  }
}

std::optional<std::string> pci_address(std::string_view text) {
  std::string address(text);
  if (address.size() == 7) address.insert(0, "0000:");
  constexpr std::string_view kShape = "hhhh:hh:hh.o";
  if (address.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const char c = address[i];
    if (kShape[i] == 'h' && std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    if (kShape[i] == 'o' && (c < '0' || c > '7')) return std::nullopt;
    if ((kShape[i] == ':' || kShape[i] == '.') && c != kShape[i]) return std::nullopt;
    address[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return address;
}

Status nic_is_free(const std::string& root, const std::string& address) {
  const std::vector<PciNic> nics = read_pci_nics(root);
  const auto nic = std::find_if(nics.begin(), nics.end(),
                                [&](const PciNic& one) { return one.address == address; });
  if (nic == nics.end()) {
    std::vector<std::string> known;
    known.reserve(nics.size());
    for (const PciNic& one : nics) known.push_back(one.address);
    return fail(ErrorKind::kPrecondition, fmt::format("there is no PCI network device {}", address),
                known.empty() ? "this host has none" : did_you_mean(address, known), ENODEV);
  }
  constexpr const char* kBind = "bind it to vfio-pci: see docs/nic.md, or wireproof doctor";
  if (nic->driver.empty()) {
    return fail(ErrorKind::kPrecondition, fmt::format("{} is bound to no driver", address), kBind);
  }
  if (!is_user_space_driver(nic->driver) && !is_shared_driver(nic->driver)) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("{} is still bound to its kernel driver, {}", address, nic->driver),
                kBind);
  }
  if (free_hugepages(root) == 0) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("no free hugepages, which {} needs for its DMA", address),
                "as root: echo 512 > /proc/sys/vm/nr_hugepages");
  }
  if (nic->driver != "vfio-pci") return {};
  const std::string group =
      link_name(fs::path(root) / "sys/bus/pci/devices" / address / "iommu_group");
  return group.empty() ? Status{} : group_is_free(root, address, group);
}

Status clear_socket(const std::string& path) {
  struct stat file {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return {};
  if (::stat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return {};  // DPDK will tell
  path.copy(address.sun_path, path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return {};
  const bool heard = listed(path) || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address),
                                               sizeof address) == 0;
  if (heard) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("another process listens on the socket {}", path),
                "end it, or name another socket", EADDRINUSE);
  }
  if (errno == ECONNREFUSED) ::unlink(path.c_str());
  return {};
}

std::string cure_for(std::string_view name, std::string_view said) {
  const auto speaks_of = [&](std::string_view words) {
    return said.find(words) != std::string_view::npos;
  };
  if (speaks_of("ermission") || speaks_of("not permitted")) {
    return "run as root, or give this user access to the file or device in the message";
  }
  if (speaks_of("already in use")) return "end the process that uses it, or name another one";
  if (!name.starts_with("net_")) return "see docs/nic.md";
  if (!speaks_of("failed to parse device")) return "check its options (docs/manual.md, Ports)";
  std::string driver(name.substr(4));
  while (!driver.empty() && driver.back() >= '0' && driver.back() <= '9') driver.pop_back();
  if (driver == "virtio_user") driver = "virtio";
  std::replace(driver.begin(), driver.end(), '_', '-');
  return fmt::format("check the name; the driver is in Debian's package librte-net-{}23", driver);
}

std::string hidden_drops(std::string_view driver, bool nic) {
  struct Known {
    std::string_view driver, why;
  };
  // Seen: frames missing by the thousand while every counter of the port stood still.
  constexpr std::array<Known, 5> kKnown{{
      {"net_e1000_em", "its NIC does not count the frames it had no room for"},
      {"net_virtio", "the frames that the host had no room for are not counted"},
      {"net_af_packet", "it does not read the kernel's drop counters"},
      {"net_tap", "it does not read the kernel's drop counters"},
      {"net_pcap", "it does not read the kernel's drop counters"},
  }};
  const auto found = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const Known& known) { return known.driver == driver; });
  if (found != kKnown.end()) return std::string(found->why);
  constexpr std::array<std::string_view, 5> kTried{"net_memif", "net_vhost", "net_virtio_user",
                                                   "net_ring", "net_null"};
  const bool tried = nic || std::find(kTried.begin(), kTried.end(), driver) != kTried.end();
  return tried ? std::string() : "it is not tested whether it counts them";
}

}  // namespace wireproof::dpdk
