// What the kernel says of a network interface: shared by every backend that opens one by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/stop.h"

namespace wireproof {

struct LinuxInterface {
  std::string name;
  unsigned index = 0;
  MacAddress mac;
  unsigned mtu = 0;
  bool admin_up = false;
  bool carrier = false;
  bool loopback = false;  // "lo": no Ethernet wire behind it
  bool ethernet = true;   // its frames have Ethernet headers; those of tun, ipip, wg have none
  bool hardware = false;  // on a bus: PCI, USB, virtio; false for veth, tun, bridges
  std::uint64_t speed_bps = 0;  // 0: none or unknown (veth says 10 Gbit/s, which means nothing)
  int numa_node = -1;
  std::string driver;  // "veth", "ixgbe"
  unsigned rx_queues = 1;
  unsigned tx_queues = 1;
  bool carries_default_route = false;  // IPv4 or IPv6, main table
};

struct InterfaceStatistics {  // since the interface exists; meanings: linux/if_link.h
  std::uint64_t tx_packets = 0, tx_dropped = 0, tx_errors = 0;
  std::uint64_t rx_packets = 0, rx_dropped = 0;
  std::uint64_t rx_missed_errors = 0, rx_fifo_errors = 0, rx_over_errors = 0;
  // Its own, and those of the interface it stands on (vlan, macvlan, ipvlan, macsec), whose flaps
  // reach it late or never.
  std::uint64_t carrier_down_count = 0;
  bool carrier = false;           // up, and with a carrier
  std::uint32_t xdp_program = 0;  // id of the XDP program on it, whoever's; 0: none
};

// Fails with kPrecondition, naming the nearest existing interface, when there is none of that name.
[[nodiscard]] Result<LinuxInterface> read_interface(const std::string& name);

// read_interface, and in addition refuses (kPrecondition, one sentence with the cure) an interface
// that cannot carry a test: not Ethernet, down, without carrier, MTU below buffer_len_max - 14, or
// - 18 where the longest frames are `tagged` (a tag is no part of the MTU).
[[nodiscard]] Result<LinuxInterface> usable_interface(const std::string& name,
                                                      std::uint16_t buffer_len_max,
                                                      bool tagged = false);

[[nodiscard]] std::vector<std::string> interface_names();

// The interface that has this address; all of 127.0.0.0/8 is "lo"'s. Fails (kPrecondition) when
// none has.
[[nodiscard]] Result<LinuxInterface> interface_of(const IpAddress& address);
[[nodiscard]] bool has_address(const LinuxInterface& interface, const IpAddress& address);

// Fails (kPrecondition) when the interface is gone.
[[nodiscard]] Result<InterfaceStatistics> read_statistics(const LinuxInterface& interface);

struct OpenSpec;  // io/backend.h

struct NeighbourQuestion {
  // Asked from this address where the kernel has none on the way to the neighbour, or does not know
  // the way because of the tag.
  std::optional<IpAddress> own;
  std::optional<std::uint16_t> vlan;  // id of the 802.1Q tag to ask under
  StopFlag stop = nullptr;            // soon after it the asking ends, with kInterrupted
};

[[nodiscard]] NeighbourQuestion question_from(const OpenSpec& spec);

// Asks on the wire, with frames of its own (ARP, IPv6 neighbour solicitation), up to three times in
// three seconds. Of the kernel's table only a permanent entry is believed, for it is the user's own
// word, and some neighbours never answer; not under a tag, of which this interface's table knows
// nothing. Fails (kPrecondition) when nobody answers. Never returns a zero or multicast MAC.
[[nodiscard]] Result<MacAddress> resolve_neighbour(const LinuxInterface& interface,
                                                   const IpAddress& neighbour,
                                                   const NeighbourQuestion& question = {});

}  // namespace wireproof
