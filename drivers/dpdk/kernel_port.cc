#include "kernel_port.h"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace wireproof::dpdk {
namespace {

// As its drivers open one.
Status may_open_raw_sockets(const std::string& device) {
  const UniqueFd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (socket) return {};
  const int error = errno;
  const bool rights = error == EPERM || error == EACCES;
  return fail(ErrorKind::kPrecondition,
              fmt::format("{} cannot open a raw socket: {}", device, std::strerror(error)),
              rights ? "run as root, or give the program the right (CAP_NET_RAW)"
                     : "see what limits this process (ulimit -a)",
              error);
}

// A tap that another process holds can be opened a second time, and the kernel then shares out its
// frames between the two.
Status is_not_held(const Options& options) {
  for (const std::string& name : options.makes) {
    const Result<LinuxInterface> there = read_interface(name);
    if (!there || !there->carrier) continue;
    return fail(ErrorKind::kPrecondition,
                fmt::format("{} would make the interface {}, which another process has",
                            options.name, name),
                "end that process, or name another interface (iface=)", EBUSY);
  }
  return {};
}

}  // namespace

Result<KernelPort> KernelPort::find(const Options& options, std::uint16_t buffer_len_max,
                                    bool tagged) {
  KernelPort port;
  if (const Status ok = is_not_held(options); !ok) return tl::unexpected(ok.error());
  for (const std::string& name : options.interfaces) {
    const Result<LinuxInterface> interface = usable_interface(name, buffer_len_max, tagged);
    if (!interface) return tl::unexpected(interface.error());
    if (const Status ok = port.watch(*interface); !ok) return tl::unexpected(ok.error());
  }
  if (!port.empty()) {
    if (const Status ok = may_open_raw_sockets(options.name); !ok) {
      return tl::unexpected(ok.error());
    }
  }
  return port;
}

Status KernelPort::watch(const LinuxInterface& interface) {
  Watched& one = watched_.emplace_back();
  one.name = interface.name;
  one.hardware = interface.hardware;
  return one.counts.begin(interface);
}

Status KernelPort::add(unsigned interface_index) {
  std::array<char, IF_NAMESIZE> name{};
  if (if_indextoname(interface_index, name.data()) == nullptr) {
    return fail(ErrorKind::kPrecondition, fmt::format("interface {} is gone", interface_index),
                "run again", errno);
  }
  const Result<LinuxInterface> interface = read_interface(name.data());
  if (!interface) return tl::unexpected(interface.error());
  return watch(*interface);
}

Result<KernelPort::State> KernelPort::read() {
  State state;
  for (Watched& one : watched_) {
    const Result<InterfaceTotals> now = one.counts.read();
    if (!now) return tl::unexpected(now.error());
    state.up &= now->link_up;
    state.downs += now->link_downs;
    state.tx_dropped += now->tx_dropped;
    if (one.hardware) state.tx_packets.reset();
    if (state.tx_packets) *state.tx_packets += now->tx_packets;
    state.times_back += now->times_back;
    if (now->xdp_program != 0) {
      state.rx_blind = fmt::format("XDP program {} runs on {} before DPDK and may take frames",
                                   now->xdp_program, one.name);
    }
  }
  return state;
}

}  // namespace wireproof::dpdk
