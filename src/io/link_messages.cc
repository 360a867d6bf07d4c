#include "io/link_messages.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <algorithm>
#include <array>
#include <optional>

namespace wireproof {
namespace {

MacAddress mac_of(std::span<const std::byte> value) {
  MacAddress mac;
  if (value.size() == mac.bytes.size()) std::memcpy(mac.bytes.data(), value.data(), value.size());
  return mac;
}

bool multipath_uses(std::span<const std::byte> hops, unsigned index) {
  while (hops.size() >= sizeof(rtnexthop)) {
    rtnexthop hop;
    std::memcpy(&hop, hops.data(), sizeof hop);
    if (hop.rtnh_ifindex == static_cast<int>(index)) return true;
    const std::size_t length = (std::size_t{hop.rtnh_len} + 3) & ~std::size_t{3};
    if (length < sizeof hop || length > hops.size()) return false;
    hops = hops.subspan(length);
  }
  return false;
}

void take_stats64(InterfaceStatistics& statistics, std::span<const std::byte> value) {
  rtnl_link_stats64 stats{};  // newer kernels send more, older ones less
  std::memcpy(&stats, value.data(), std::min(value.size(), sizeof stats));
  statistics.tx_packets = stats.tx_packets;
  statistics.tx_dropped = stats.tx_dropped;
  statistics.tx_errors = stats.tx_errors;
  statistics.rx_packets = stats.rx_packets;
  statistics.rx_dropped = stats.rx_dropped;
  statistics.rx_missed_errors = stats.rx_missed_errors;
  statistics.rx_fifo_errors = stats.rx_fifo_errors;
  statistics.rx_over_errors = stats.rx_over_errors;
}

// With several programs on one interface each has its own attribute, behind the first.
std::uint32_t highest_xdp_program(std::span<const std::byte> nest) {
  std::uint32_t program = 0;
  for_each_attribute(nest, 0, [&](std::uint16_t type, auto value) {
    if (type < IFLA_XDP_PROG_ID || type > IFLA_XDP_HW_PROG_ID) return;
    program = std::max(program, attribute_as<std::uint32_t>(value));
  });
  return program;
}

bool is_stacked(std::span<const std::byte> link_info) {
  static constexpr std::array kStackedKinds{"vlan", "macvlan", "macvtap", "ipvlan", "macsec"};
  bool stacked = false;
  for_each_attribute(link_info, 0, [&](std::uint16_t type, auto value) {
    if (type != IFLA_INFO_KIND) return;
    stacked = std::find(kStackedKinds.begin(), kStackedKinds.end(), attribute_text(value)) !=
              kStackedKinds.end();
  });
  return stacked;
}

}  // namespace

std::string attribute_text(std::span<const std::byte> value) {
  const char* first = reinterpret_cast<const char*>(value.data());
  return {first, strnlen(first, value.size())};
}

LinuxInterface link_of(const NetlinkAnswer& answer) {
  const auto header = answer.header<ifinfomsg>();
  LinuxInterface interface;
  interface.index = static_cast<unsigned>(header.ifi_index);
  interface.admin_up = (header.ifi_flags & IFF_UP) != 0;
  interface.loopback = (header.ifi_flags & IFF_LOOPBACK) != 0;
  interface.ethernet = header.ifi_type == ARPHRD_ETHER || header.ifi_type == ARPHRD_LOOPBACK;
  for_each_attribute(answer.payload, sizeof header, [&](std::uint16_t type, auto value) {
    if (type == IFLA_IFNAME) interface.name = attribute_text(value);
    if (type == IFLA_ADDRESS) interface.mac = mac_of(value);
    if (type == IFLA_MTU) interface.mtu = attribute_as<std::uint32_t>(value);
    if (type == IFLA_CARRIER) interface.carrier = attribute_as<std::uint8_t>(value) != 0;
    if (type == IFLA_NUM_RX_QUEUES) interface.rx_queues = attribute_as<std::uint32_t>(value);
    if (type == IFLA_NUM_TX_QUEUES) interface.tx_queues = attribute_as<std::uint32_t>(value);
  });
  return interface;
}

LinkState link_state_of(const NetlinkAnswer& answer) {
  LinkState link;
  InterfaceStatistics& statistics = link.statistics;
  std::optional<std::uint32_t> downs;
  std::uint32_t changes = 0, below = 0;
  bool elsewhere = false, stacked = false;
  const auto header = answer.header<ifinfomsg>();
  const bool up = (header.ifi_flags & IFF_UP) != 0;
  for_each_attribute(answer.payload, sizeof header, [&](std::uint16_t type, auto value) {
    if (type == IFLA_CARRIER_DOWN_COUNT) downs = attribute_as<std::uint32_t>(value);
    if (type == IFLA_CARRIER_CHANGES) changes = attribute_as<std::uint32_t>(value);
    if (type == IFLA_CARRIER) statistics.carrier = up && attribute_as<std::uint8_t>(value) != 0;
    if (type == IFLA_STATS64) take_stats64(statistics, value);
    if (type == IFLA_LINK) below = attribute_as<std::uint32_t>(value);
    if (type == IFLA_LINK_NETNSID) elsewhere = true;
    if (type == IFLA_XDP) statistics.xdp_program = highest_xdp_program(value);
    if (type == IFLA_LINKINFO) stacked = is_stacked(value);
  });
  // Kernels before 4.16 count the changes, two for each time that it went and came back.
  statistics.carrier_down_count = downs.value_or(changes / 2 + changes % 2);
  if (stacked && !elsewhere) link.stands_on = below;
  return link;
}

bool is_default_route_over(const NetlinkAnswer& answer, unsigned index) {
  const auto route = answer.header<rtmsg>();
  if (route.rtm_dst_len != 0 || route.rtm_table != RT_TABLE_MAIN || route.rtm_type != RTN_UNICAST) {
    return false;
  }
  bool found = false;
  for_each_attribute(answer.payload, sizeof route, [&](std::uint16_t type, auto value) {
    if (type == RTA_OIF && attribute_as<std::uint32_t>(value) == index) found = true;
    if (type == RTA_MULTIPATH && multipath_uses(value, index)) found = true;
  });
  return found;
}

bool has_address(const NetlinkAnswer& answer, const IpAddress& address) {
  const auto wanted = std::as_bytes(std::span(address.bytes)).first(address.v6 ? 16 : 4);
  bool found = false;
  // Of a point-to-point interface IFA_ADDRESS is the other end's; IPv6 has no IFA_LOCAL.
  for_each_attribute(answer.payload, sizeof(ifaddrmsg), [&](std::uint16_t type, auto value) {
    if (type != IFA_LOCAL && !(address.v6 && type == IFA_ADDRESS)) return;
    found = found || std::ranges::equal(value, wanted);
  });
  return found;
}

MacAddress neighbour_mac(const NetlinkAnswer& answer, unsigned states) {
  const auto entry = answer.header<ndmsg>();
  MacAddress mac;
  if ((entry.ndm_state & states) == 0) return mac;
  for_each_attribute(answer.payload, sizeof entry, [&](std::uint16_t type, auto value) {
    if (type == NDA_LLADDR && value.size() == mac.bytes.size()) mac = mac_of(value);
  });
  return mac;
}

TcFilter tc_filter_of(const NetlinkAnswer& answer) {
  const auto header = answer.header<tcmsg>();
  TcFilter filter;
  filter.priority = TC_H_MAJ(header.tcm_info) >> 16;
  filter.handle = header.tcm_handle;
  for_each_attribute(answer.payload, sizeof header, [&](std::uint16_t type, auto value) {
    if (type != TCA_OPTIONS) return;
    for_each_attribute(value, 0, [&](std::uint16_t option, auto content) {
      if (option == TCA_BPF_ID) filter.program_id = attribute_as<std::uint32_t>(content);
      if (option == TCA_BPF_NAME) filter.program_name = attribute_text(content);
    });
  });
  return filter;
}

}  // namespace wireproof
