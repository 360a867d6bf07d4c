// Everything about the traffic except load and duration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "packet/frame_template.h"

namespace wireproof {

// What the reverse direction takes for its own. IP addresses that are absent are the forward
// direction's, exchanged; MAC addresses are the ports'. Where the forward direction has a next hop
// or a destination MAC, so has this one: what lies on that side nobody can guess.
struct ReverseAddresses {
  std::optional<MacAddress> src_mac;
  std::optional<MacAddress> dst_mac;
  std::optional<IpAddress> next_hop;
  std::optional<IpAddress> src_ip;
  std::optional<IpAddress> dst_ip;
};

// What direction a (first port to second) sends; direction b is the same with addresses exchanged.
struct TrafficProfile {
  std::vector<std::uint32_t> sizes = {64};  // with FCS, in the order they are emitted, repeated
  std::string size_name = "64";             // as the user wrote it: "64", "imix", a genome
  std::uint32_t flows = 1;                  // distinct 5-tuples, 1..1,048,576
  std::uint32_t networks = 1;  // of destinations (HeaderSpec): a power of two, <= flows
  bool permuted_order = true;  // flows in a fixed permuted order, or 0, 1, 2 ...
  bool ipv6 = false;
  std::optional<MacAddress> src_mac;  // default: the sending port's
  std::optional<MacAddress> dst_mac;  // default: the receiving port's, or the next hop's
  std::optional<IpAddress> next_hop;  // resolved through the sending port when given
  std::optional<IpAddress> src_ip;    // default: 198.18.0.1, 2001:2:0:1::1
  std::optional<IpAddress> dst_ip;    // default: 198.19.0.1, 2001:2:0:2::1 (RFC 2544, RFC 5180)
  ReverseAddresses reverse;
  std::uint16_t src_l4_port = 49152;
  std::uint16_t dst_l4_port = 9;
  std::optional<std::uint16_t> vlan;
  std::uint8_t dscp = 0;
  std::uint8_t ttl = 64;
};

inline constexpr std::uint32_t kFlowsMax = 1u << 20;

// "imix" (64, 570 and 1518 bytes, 7:4:1, spread over a period of 12 frames) or a genome of RFC
// 6985 letters: a 64, b 128, c 256, d 512, e 1024, f 1280, g 1518. Fails with kUsage.
[[nodiscard]] Result<std::vector<std::uint32_t>> parse_size_mix(std::string_view text);

// Mean of the sizes as emitted.
[[nodiscard]] double mean_frame_size(const TrafficProfile& profile);
// The same of a mix; 0 of a single size.
[[nodiscard]] double mean_of_mix(const TrafficProfile& profile);
// The mean in whole bytes: what a trial is called by.
[[nodiscard]] std::uint32_t nominal_frame_size(const TrafficProfile& profile);
[[nodiscard]] std::uint32_t largest_frame_size(const TrafficProfile& profile);

// The headers of one direction, before MAC addresses are known. Fails with kUsage when the
// addresses are of two families or no host's (multicast, broadcast, zero, a loopback), or the flows
// do not fit into the ports.
[[nodiscard]] Result<HeaderSpec> header_spec(const TrafficProfile& profile, bool reverse);

// The last destination of all flows: addresses count up in their last 32 bits. Fails with kUsage
// when they leave those, or when one of the flows between meets an address that is no host's.
[[nodiscard]] Result<IpAddress> last_destination(const TrafficProfile& profile, bool reverse);

// The prefix that covers the destination addresses of all flows of that direction.
[[nodiscard]] unsigned destination_prefix_length(const TrafficProfile& profile,
                                                 const IpAddress& first);

}  // namespace wireproof
