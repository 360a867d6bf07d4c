// What the host says of hugepages, NICs and packages, before DPDK is asked: its own words are about
// ioctls, a user's are about drivers and packages. Reads below `root` only (a test has a made-up
// one); nothing of DPDK.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wireproof::dpdk {

// Of every size, free now.
[[nodiscard]] std::uint64_t free_hugepages(const std::string& root);

// A place for hugepages that have names.
[[nodiscard]] bool hugetlbfs_mounted(const std::string& root);

// DPDK's folder for the files of running processes, which are in folders named after them.
[[nodiscard]] std::string runtime_folder();
inline constexpr std::string_view kRuntimePrefix = "wireproof-";  // and the process id
// Removes what processes of ours that are gone have left below `folder`.
void remove_stale_runtime(const std::string& folder);

// "0000:03:00.0" from that or from "03:00.0", in lower case; nullopt: no PCI address.
[[nodiscard]] std::optional<std::string> pci_address(std::string_view text);

// Whether this process can have that NIC now. Fails with kPrecondition: no such NIC, still the
// kernel's, bound to nothing, its IOMMU group held by another process or shared with the kernel, no
// hugepages for its DMA.
[[nodiscard]] Status nic_is_free(const std::string& root, const std::string& address);

// Where a device of ours would listen: a socket file that nobody listens on is what a killed run
// left, and is removed. Fails (kPrecondition) where somebody listens there. Nothing for "".
[[nodiscard]] Status clear_socket(const std::string& path);

// What to do when DPDK refuses `name` ("net_memif0") in the words `said`: by their cause, which is
// a missing Debian package only where DPDK knows no driver of that name.
[[nodiscard]] std::string cure_for(std::string_view name, std::string_view said);

// Whether the driver's drop counters tell of every frame its NIC had no room for. Empty when they
// do, else the sentence that says what is known of them. `nic`: not a virtual device, of which
// only those are believed that were tried.
[[nodiscard]] std::string hidden_drops(std::string_view driver, bool nic);

}  // namespace wireproof::dpdk
