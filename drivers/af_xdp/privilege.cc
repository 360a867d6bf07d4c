#include "af_xdp/privilege.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace wireproof::af_xdp {
namespace {

// The calling thread's effective set. glibc has no wrapper and libcap would be one more library.
std::uint64_t effective_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return 0;
  return std::uint64_t{sets[1].effective} << 32 | sets[0].effective;
}

bool holds(std::uint64_t set, int capability) {
  return (set >> capability & 1) != 0;
}

}  // namespace

std::vector<std::string> missing_capabilities() {
  const std::uint64_t held = effective_capabilities();
  std::vector<std::string> missing;
  if (!holds(held, CAP_NET_RAW)) missing.emplace_back("CAP_NET_RAW");
  if (!holds(held, CAP_NET_ADMIN)) missing.emplace_back("CAP_NET_ADMIN");
  // The kernel takes CAP_SYS_ADMIN for CAP_BPF, which it was before Linux 5.8.
  if (!holds(held, CAP_BPF) && !holds(held, CAP_SYS_ADMIN)) missing.emplace_back("CAP_BPF");
  return missing;
}

bool may_lock_any_memory() {
  return holds(effective_capabilities(), CAP_IPC_LOCK);
}

}  // namespace wireproof::af_xdp
