#include "support/netns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace wireproof {
namespace {

UniqueFd current_namespace() {
  UniqueFd fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!fd) throw std::runtime_error(fmt::format("no namespace file: {}", std::strerror(errno)));
  return fd;
}

void enter(const UniqueFd& host) {
  if (setns(host.get(), CLONE_NEWNET) != 0) {
    throw std::runtime_error(fmt::format("setns: {}", std::strerror(errno)));
  }
}

UniqueFd new_namespace() {
  if (unshare(CLONE_NEWNET) != 0) {
    throw std::runtime_error(fmt::format("unshare: {}", std::strerror(errno)));
  }
  shell("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
  shell("ip link set lo up");
  return current_namespace();
}

}  // namespace

std::string no_namespaces() {
  if (geteuid() != 0) return "needs root: network namespaces and veth pairs";
  const UniqueFd before(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!before || unshare(CLONE_NEWNET) != 0) {
    return fmt::format("needs network namespaces: unshare says {}", std::strerror(errno));
  }
  enter(before);
  return {};
}

void shell(const std::string& command) {
  if (const int status = std::system(command.c_str()); status != 0) {
    throw std::runtime_error(fmt::format("'{}' ended with status {}", command, status));
  }
}

VethPair::VethPair(const VethSpec& spec)
    : near_(fmt::format("wp{}a", getpid())),
      far_(fmt::format("wp{}b", getpid())),
      before_(current_namespace()) {
  try {
    if (spec.separate_hosts) far_host_ = new_namespace();
    near_host_ = new_namespace();
    if (!spec.separate_hosts) far_host_ = current_namespace();
    const std::string shape =
        fmt::format("numtxqueues {0} numrxqueues {0} mtu {1}", spec.queues, spec.mtu);
    shell(fmt::format("ip link add {} {} type veth peer name {} {} netns /proc/{}/fd/{}", near_,
                      shape, far_, shape, getpid(), far_host_.get()));
    shell(fmt::format("ip link set {} up", near_));
    at_far_host([&] { shell(fmt::format("ip link set {} up", far_)); });
  } catch (...) {
    enter(before_);
    throw;
  }
}

VethPair::~VethPair() {
  // The namespaces' own removal is lazy; the interfaces must be gone when the next test begins.
  // That it fails, because the test took them away itself, does no harm.
  [[maybe_unused]] const int status =
      std::system(fmt::format("ip link del {} 2> /dev/null", near_).c_str());
  setns(before_.get(), CLONE_NEWNET);
}

void VethPair::at_far_host(const std::function<void()>& work) const {
  enter(far_host_);
  try {
    work();
  } catch (...) {
    enter(near_host_);
    throw;
  }
  enter(near_host_);
}

}  // namespace wireproof
