#include "io/linux_interface.h"

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <optional>

#include "base/headers.h"
#include "base/nearest.h"
#include "base/unique_fd.h"
#include "io/link_messages.h"
#include "io/netlink.h"

namespace wireproof {
namespace {

// One ethtool command on an interface; false where the driver does not know it.
bool ethtool(const std::string& name, void* command) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(command);
  return socket && ioctl(socket.get(), SIOCETHTOOL, &request) == 0;
}

// By PCI address, because /sys/class/net may be that of another network namespace.
int numa_node_of(const std::string& bus_address) {
  std::ifstream file(fmt::format("/sys/bus/pci/devices/{}/numa_node", bus_address));
  int node = -1;
  return file >> node ? node : -1;
}

void read_driver(LinuxInterface& interface) {
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  if (!ethtool(interface.name, &driver)) return;
  interface.driver.assign(driver.driver, strnlen(driver.driver, sizeof driver.driver));
  const std::string bus(driver.bus_info, strnlen(driver.bus_info, sizeof driver.bus_info));
  interface.hardware = !bus.empty();
  if (interface.hardware) interface.numa_node = numa_node_of(bus);
}

void read_speed(LinuxInterface& interface) {
  if (!interface.hardware) return;  // veth and tun state one, but there is no wire behind them
  // The kernel answers the first, empty request with the (negative) number of mask words it wants
  // behind the structure: three masks, each of at most 127 words.
  constexpr std::size_t kWords = sizeof(ethtool_link_settings) / sizeof(std::uint32_t) + 3 * 127;
  std::array<std::uint32_t, kWords> buffer{};
  ethtool_link_settings link{};
  link.cmd = ETHTOOL_GLINKSETTINGS;
  std::memcpy(buffer.data(), &link, sizeof link);
  if (!ethtool(interface.name, buffer.data())) return;
  std::memcpy(&link, buffer.data(), sizeof link);
  if (link.link_mode_masks_nwords >= 0) return;
  const auto words = static_cast<__s8>(-link.link_mode_masks_nwords);
  link = {};
  link.cmd = ETHTOOL_GLINKSETTINGS;
  link.link_mode_masks_nwords = words;
  std::memcpy(buffer.data(), &link, sizeof link);
  if (!ethtool(interface.name, buffer.data())) return;
  std::memcpy(&link, buffer.data(), sizeof link);
  const std::uint32_t speed_mbps = link.speed;
  if (speed_mbps != static_cast<std::uint32_t>(SPEED_UNKNOWN)) {
    interface.speed_bps = std::uint64_t{speed_mbps} * 1'000'000;
  }
}

// Queues in use; the numbers of rtnetlink are those allocated, which on real NICs are many more.
void read_channels(LinuxInterface& interface) {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (!ethtool(interface.name, &channels)) return;
  if (const unsigned rx = channels.rx_count + channels.combined_count; rx > 0) {
    interface.rx_queues = rx;
  }
  if (const unsigned tx = channels.tx_count + channels.combined_count; tx > 0) {
    interface.tx_queues = tx;
  }
}

bool default_route_over(std::uint8_t family, unsigned index) {
  rtmsg wanted{};
  wanted.rtm_family = family;
  wanted.rtm_table = RT_TABLE_MAIN;
  bool found = false;
  const Status asked = netlink_ask(
      NetlinkRequest(RTM_GETROUTE, NLM_F_DUMP, wanted),
      [&](const NetlinkAnswer& answer) { found = found || is_default_route_over(answer, index); });
  return asked.has_value() && found;  // no IPv6 in this kernel: no IPv6 default route
}

// The link of that name, asked for by name so that one message comes back and not all links.
Result<LinuxInterface> ask_link(const std::string& name) {
  NetlinkRequest request(RTM_GETLINK, 0, ifinfomsg{});
  request.add(IFLA_IFNAME, std::as_bytes(std::span(name.c_str(), name.size() + 1)));
  request.add_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  LinuxInterface interface;
  const Status asked =
      netlink_ask(request, [&](const NetlinkAnswer& answer) { interface = link_of(answer); });
  if (!asked) return tl::unexpected(asked.error());
  return interface;
}

Status ask_state(unsigned index, LinkState& link) {
  ifinfomsg wanted{};
  wanted.ifi_index = static_cast<int>(index);
  return netlink_ask(NetlinkRequest(RTM_GETLINK, 0, wanted),
                     [&](const NetlinkAnswer& answer) { link = link_state_of(answer); });
}

// 0: no interface has it.
unsigned index_of(const IpAddress& address) {
  if (!address.v6 && address.bytes[0] == 127) return if_nametoindex("lo");
  unsigned index = 0;
  ifaddrmsg family{};
  family.ifa_family = address.v6 ? AF_INET6 : AF_INET;
  const Status asked = netlink_ask(NetlinkRequest(RTM_GETADDR, NLM_F_DUMP, family),
                                   [&](const NetlinkAnswer& answer) {
                                     if (has_address(answer, address))
                                       index = answer.header<ifaddrmsg>().ifa_index;
                                   });
  return asked ? index : 0;
}

}  // namespace

std::vector<std::string> interface_names() {
  std::vector<std::string> names;
  const Status asked =
      netlink_ask(NetlinkRequest(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{}),
                  [&](const NetlinkAnswer& answer) { names.push_back(link_of(answer).name); });
  if (!asked) names.clear();
  return names;
}

Result<LinuxInterface> interface_of(const IpAddress& address) {
  std::array<char, IF_NAMESIZE> name{};
  if (if_indextoname(index_of(address), name.data()) == nullptr) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("no interface has the address {}", format_ip(address)),
                "'ip -brief address' lists those of this host", EADDRNOTAVAIL);
  }
  return read_interface(name.data());
}

bool has_address(const LinuxInterface& interface, const IpAddress& address) {
  return index_of(address) == interface.index;
}

Result<LinuxInterface> read_interface(const std::string& name) {
  const auto no_such = [&] {
    return fail(ErrorKind::kPrecondition, fmt::format("there is no network interface '{}'", name),
                did_you_mean(name, interface_names()), ENODEV);
  };
  if (name.empty() || name.size() >= IFNAMSIZ) return no_such();
  Result<LinuxInterface> interface = ask_link(name);
  if (!interface) {
    if (interface.error().errno_value == ENODEV) return no_such();
    return interface;
  }
  interface->name = name;  // as typed, also where it is an alternative name
  read_driver(*interface);
  read_speed(*interface);
  read_channels(*interface);
  interface->carries_default_route = default_route_over(AF_INET, interface->index) ||
                                     default_route_over(AF_INET6, interface->index);
  return interface;
}

Result<LinuxInterface> usable_interface(const std::string& name, std::uint16_t buffer_len_max,
                                        bool tagged) {
  Result<LinuxInterface> interface = read_interface(name);
  if (!interface) return interface;
  if (!interface->ethernet) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("interface {} does not carry Ethernet frames", name),
                "use an Ethernet interface");
  }
  if (!interface->admin_up) {
    return fail(ErrorKind::kPrecondition, fmt::format("interface {} is down", name),
                fmt::format("bring it up: ip link set {} up", name), ENETDOWN);
  }
  if (!interface->carrier) {
    return fail(ErrorKind::kPrecondition, fmt::format("interface {} has no carrier", name),
                "connect the cable, or bring the other end up", ENETDOWN);
  }
  const std::size_t wanted = buffer_len_max - kEthernetLength - (tagged ? kVlanLength : 0);
  if (interface->mtu < wanted) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("interface {} has an MTU of {}, frames of {} bytes need {}", name,
                            interface->mtu, buffer_len_max + 4, wanted),
                fmt::format("ip link set {} mtu {}, or use smaller frames", name, wanted),
                EMSGSIZE);
  }
  return interface;
}

Result<InterfaceStatistics> read_statistics(const LinuxInterface& interface) {
  constexpr int kLayersMax = 4;  // a vlan on a macvlan on ...
  InterfaceStatistics statistics;
  unsigned next = interface.index;
  for (int layer = 0; layer < kLayersMax && next != 0; ++layer) {
    LinkState link;
    const Status asked = ask_state(next, link);
    if (!asked && layer == 0 && asked.error().errno_value == ENODEV) {
      return fail(ErrorKind::kPrecondition, fmt::format("interface {} is gone", interface.name),
                  "bring it back and run again", ENODEV);
    }
    if (!asked && layer == 0) {
      return fail(ErrorKind::kPrecondition,
                  fmt::format("the counters of interface {} cannot be read: {}", interface.name,
                              asked.error().message),
                  asked.error().hint, asked.error().errno_value);
    }
    if (!asked) break;
    if (layer == 0) {
      statistics = link.statistics;
    } else {
      statistics.carrier_down_count += link.statistics.carrier_down_count;
    }
    next = link.stands_on;
  }
  return statistics;
}

}  // namespace wireproof
