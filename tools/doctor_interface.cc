#include "tools/doctor_interface.h"

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "base/units.h"
#include "io/netlink.h"
#include "tools/finding.h"

namespace wireproof {
namespace {

// The longest frame of RFC 2544 without its FCS and Ethernet header.
constexpr unsigned kUsualMtu = 1500;

// One ethtool question (linux/ethtool.h); nullopt where the driver does not answer it.
template <typename Command>
std::optional<Command> ask_ethtool(const std::string& name, std::uint32_t number) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Command command{};
  command.cmd = number;
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&command);
  if (!socket || ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return std::nullopt;
  return command;
}

std::uint32_t attached_program(unsigned index) {
  ifinfomsg wanted{};
  wanted.ifi_index = static_cast<int>(index);
  std::uint32_t program = 0;
  const Status asked =
      netlink_ask(NetlinkRequest(RTM_GETLINK, 0, wanted), [&program](const NetlinkAnswer& answer) {
        for_each_attribute(answer.payload, sizeof(ifinfomsg), [&](std::uint16_t type, auto value) {
          if (type != IFLA_XDP) return;
          for_each_attribute(value, 0, [&](std::uint16_t nested, auto inner) {
            if (nested == IFLA_XDP_PROG_ID) program = attribute_as<std::uint32_t>(inner);
          });
        });
      });
  return asked ? program : 0;
}

HostFinding judge_link(const LinuxInterface& interface) {
  const std::string speed = interface.speed_bps == 0
                                ? "no line rate (percent and line-rate figures need --line-rate)"
                                : format_bps(static_cast<double>(interface.speed_bps));
  if (!interface.admin_up) {
    return {Bearing::kBlocks, "link", interface.name + " is down",
            fmt::format("ip link set {} up", interface.name)};
  }
  if (!interface.carrier) {
    return {Bearing::kBlocks, "link", interface.name + " has no carrier",
            "connect the cable, and bring up the other end"};
  }
  return good("link", fmt::format("up, {}", speed));
}

HostFinding judge_mtu(const LinuxInterface& interface) {
  const std::string text = fmt::format("{}: frames to {} bytes", interface.mtu, interface.mtu + 18);
  if (interface.mtu >= kUsualMtu) return good("mtu", text);
  return limits("mtu", text, fmt::format("ip link set {} mtu {}", interface.name, kUsualMtu));
}

HostFinding judge_rings(const std::string& name, const std::optional<RingSizes>& rings) {
  if (!rings) return good("rings", "the driver has none to enlarge");
  const std::string text = fmt::format("receive {} of {}, send {} of {}", rings->rx, rings->rx_max,
                                       rings->tx, rings->tx_max);
  if (rings->rx >= rings->rx_max) return good("rings", text);
  return limits("rings", text + ": a small receive ring drops frames of a burst",
                fmt::format("ethtool -G {} rx {}", name, rings->rx_max));
}

HostFinding judge_offloads(const InterfaceState& state) {
  const std::string text =
      fmt::format("GRO {}, LRO {}", state.gro ? "on" : "off", state.lro ? "on" : "off");
  if (!state.lro) return good("offloads", text);
  return limits("offloads", text + ": hardware that merges frames makes their count uncertain",
                fmt::format("ethtool -K {} lro off", state.interface.name));
}

HostFinding judge_xdp(const InterfaceState& state) {
  if (state.xdp_program == 0) return good("xdp", "no program attached");
  return limits("xdp",
                fmt::format("program {} is attached: af_xdp never replaces it, and af_packet gets "
                            "what it leaves, so that no loss can be attributed",
                            state.xdp_program),
                fmt::format("if you may remove it: ip link set {} xdp off", state.interface.name));
}

}  // namespace

Result<InterfaceState> examine_interface(const std::string& name) {
  auto interface = read_interface(name);
  if (!interface) return tl::unexpected(interface.error());
  InterfaceState state;
  state.interface = *interface;
  if (const auto rings = ask_ethtool<ethtool_ringparam>(name, ETHTOOL_GRINGPARAM)) {
    state.rings = RingSizes{rings->rx_pending, rings->rx_max_pending, rings->tx_pending,
                            rings->tx_max_pending};
  }
  const auto gro = ask_ethtool<ethtool_value>(name, ETHTOOL_GGRO);
  state.gro = gro && gro->data != 0;
  const auto flags = ask_ethtool<ethtool_value>(name, ETHTOOL_GFLAGS);
  state.lro = flags && (flags->data & ETH_FLAG_LRO) != 0;
  const auto pause = ask_ethtool<ethtool_pauseparam>(name, ETHTOOL_GPAUSEPARAM);
  state.rx_pause = pause && pause->rx_pause != 0;
  state.xdp_program = attached_program(interface->index);
  return state;
}

std::vector<HostFinding> judge_interface(const InterfaceState& state) {
  const LinuxInterface& interface = state.interface;
  std::vector<HostFinding> findings = {
      judge_link(interface),
      good("driver",
           fmt::format(
               "{}, {} receive and {} send queues{}",
               interface.driver.empty() ? "unknown" : interface.driver, interface.rx_queues,
               interface.tx_queues,
               interface.numa_node < 0 ? "" : fmt::format(", NUMA node {}", interface.numa_node))),
      judge_mtu(interface),
      judge_rings(interface.name, state.rings),
      judge_offloads(state),
      judge_xdp(state),
  };
  if (state.rx_pause) {
    findings.push_back(limits("pause", "obeys pause frames: the device can slow the tester down",
                              fmt::format("ethtool -A {} rx off tx off", interface.name)));
  }
  if (interface.loopback) {
    findings.push_back({Bearing::kBlocks, "wire", "the loopback interface has no wire behind it",
                        "use io_uring:127.0.0.1:PORT, or a veth pair"});
  }
  if (interface.carries_default_route) {
    findings.push_back(limits("route",
                              interface.name + " carries the default route: a test is refused",
                              "use another interface, or give --allow-mgmt-interface"));
  }
  return findings;
}

}  // namespace wireproof
