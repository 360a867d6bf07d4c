// What rtnetlink's messages say of links, routes, addresses, neighbours and filters: functions of
// one message each. Of one that is cut short they tell what is there.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/address.h"
#include "io/linux_interface.h"
#include "io/netlink.h"

namespace wireproof {

// The text of an attribute, to its first zero.
[[nodiscard]] std::string attribute_text(std::span<const std::byte> value);

// RTM_NEWLINK: what of an interface is in its message.
[[nodiscard]] LinuxInterface link_of(const NetlinkAnswer& answer);

// One link's counters, and the interface that it stands on; 0: none, or one in another namespace.
struct LinkState {
  InterfaceStatistics statistics;
  unsigned stands_on = 0;
};
[[nodiscard]] LinkState link_state_of(const NetlinkAnswer& answer);

// RTM_NEWROUTE: a default route of the main table, by one or several hops, one of which is over the
// interface of that index.
[[nodiscard]] bool is_default_route_over(const NetlinkAnswer& answer, unsigned index);

// RTM_NEWADDR: whether the message is of this address.
[[nodiscard]] bool has_address(const NetlinkAnswer& answer, const IpAddress& address);

// RTM_NEWNEIGH: the MAC of a neighbour in one of these states (NUD_*); zero: another, or none.
[[nodiscard]] MacAddress neighbour_mac(const NetlinkAnswer& answer, unsigned states);

// RTM_NEWTFILTER: one line a filter, and one with handle 0 for each priority in use.
struct TcFilter {
  std::uint32_t priority = 0, handle = 0, program_id = 0;
  std::string program_name;  // "wireproof_guard:[17]"
};
[[nodiscard]] TcFilter tc_filter_of(const NetlinkAnswer& answer);

}  // namespace wireproof
