// Questions and answers about who has an IP address: ARP (RFC 826) and IPv6 neighbour discovery
// (RFC 4861, sections 4.3 and 4.4), as whole frames. For ports that no kernel speaks for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"

namespace wireproof {

struct NeighbourMessage {
  bool request = false;  // who has `target`? otherwise: `target` is at `target_mac`
  IpAddress sender;      // of a request: who asks; of an answer: whom it is for (see answer_to)
  MacAddress sender_mac;
  IpAddress target;
  MacAddress target_mac;              // of an answer
  std::optional<std::uint16_t> vlan;  // the tag it came under, as it stands in the frame
};

// Room for the longest of these frames: a tagged neighbour advertisement.
inline constexpr std::size_t kNeighbourFrameMax = 90;
using NeighbourFrame = std::array<std::uint8_t, kNeighbourFrameMax>;

// nullopt for every other frame, and for a message that its own rules forbid (length, hop limit,
// checksum).
[[nodiscard]] std::optional<NeighbourMessage> read_neighbour_message(
    std::span<const std::uint8_t> frame);

// Who has `target`? Asked by (ip, mac), both addresses of one family, under a tag of that id where
// one is given; broadcast, or to the solicited-node group. An `ip` of zero asks as who has none yet
// (RFC 5227, RFC 4862). Returns the length written, without FCS.
std::size_t write_neighbour_request(NeighbourFrame& frame, const IpAddress& ip,
                                    const MacAddress& mac, const IpAddress& target,
                                    const std::optional<std::uint16_t>& vlan = {});

// The answer to `request`: its target is at `mac`. Returns the length written, without FCS.
std::size_t write_neighbour_answer(NeighbourFrame& frame, const NeighbourMessage& request,
                                   const MacAddress& mac);

}  // namespace wireproof
