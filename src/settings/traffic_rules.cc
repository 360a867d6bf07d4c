#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>

#include "engine/header_choice.h"
#include "settings/ports.h"
#include "settings/rules.h"

namespace wireproof {
namespace {

// A second value is the reverse direction's.
Status check_second_values(const TestSettings& test, const Names& names) {
  if (test.bidirectional) return {};
  const ReverseAddresses& back = test.profile.reverse;
  for (const auto& [name, given] : {std::pair{"src-mac", back.src_mac.has_value()},
                                    {"dst-mac", back.dst_mac.has_value()},
                                    {"next-hop", back.next_hop.has_value()},
                                    {"src-ip", back.src_ip.has_value()},
                                    {"dst-ip", back.dst_ip.has_value()}}) {
    if (!given) continue;
    return refuse(
        fmt::format("{}: the second value is for the reverse direction, which is not used "
                    "without {}",
                    names(name), names("bidirectional")),
        fmt::format("give {}, or one value", names("bidirectional")));
  }
  return {};
}

// Where frames go must be said of both directions or of none, and once.
Status check_destinations(const TestSettings& test, const Names& names) {
  const TrafficProfile& profile = test.profile;
  if (profile.dst_mac && profile.next_hop) {
    return refuse(
        fmt::format("{} and {} both give the destination", names("dst-mac"), names("next-hop")),
        "give one of them");
  }
  const bool same_port = test.rx == test.tx;  // refused with its own sentence
  if (!test.bidirectional || same_port) return {};
  const bool hop = profile.next_hop && !profile.reverse.next_hop;
  const bool mac = profile.dst_mac && !profile.reverse.dst_mac;
  if (!hop && !mac) return {};
  const std::string name = names(hop ? "next-hop" : "dst-mac");
  const std::string given = hop ? format_ip(*profile.next_hop) : format_mac(*profile.dst_mac);
  return refuse(fmt::format("{} {} with {}: the destination of the reverse direction is missing, "
                            "and it is never guessed",
                            name, given, names("bidirectional")),
                fmt::format("give both, forward and reverse: {} {},{}", name, given,
                            hop ? "ADDRESS" : "MAC"));
}

Status check_next_hop(const std::optional<IpAddress>& next_hop, bool ipv6, const Names& names) {
  if (!next_hop) return {};
  if (next_hop->is_zero() || next_hop->is_multicast()) {
    return refuse(
        fmt::format("{} {}: not a unicast address", names("next-hop"), format_ip(*next_hop)),
        "give the address of one neighbour");
  }
  if (next_hop->v6 == ipv6) return {};
  return refuse(fmt::format("{} {}: not an {} address, as those of the frames are",
                            names("next-hop"), format_ip(*next_hop), ipv6 ? "IPv6" : "IPv4"),
                fmt::format("give the next hop's address of that family, or its MAC with {}",
                            names("dst-mac")));
}

// Settings whose meaning a socket takes from its own address, or leaves to the kernel.
Status settle_sockets(TestSettings& test, const Names& names) {
  for (const char* name : {"src-mac", "dst-mac", "next-hop", "vlan"}) {
    if (!names.given(name)) continue;
    return refuse(fmt::format("{}: MAC addresses and VLAN tags are the kernel's on a UDP socket",
                              names(name)),
                  "leave it out, or use a backend that owns the headers (af_xdp, af_packet)");
  }
  for (const char* name : {"src-ip", "dst-ip", "src-port", "dst-port"}) {
    if (!names.given(name)) continue;
    return refuse(
        fmt::format("{}: a socket sends from its own address to that of the other port",
                    names(name)),
        fmt::format("name both in {} and {} (io_uring:ADDRESS:PORT), or use a backend that owns "
                    "the headers (af_xdp, af_packet)",
                    names("tx"), names("rx")));
  }
  const auto from = socket_endpoint(test.tx);
  const auto to = socket_endpoint(test.rx.value_or(std::string()));
  if (!from) return {};  // the driver says what is wrong with it
  if (test.profile.ipv6 && !from->ip.v6) {
    return refuse(
        fmt::format("{} contradicts {}, an IPv4 address", names("ipv6"), test.tx),
        fmt::format("leave {} out, or name IPv6 addresses: io_uring:[::1]:9000", names("ipv6")));
  }
  if (to && to->ip.v6 != from->ip.v6) {
    return refuse(fmt::format("sockets at {} cannot send to {}", test.tx, *test.rx),
                  "give both ports addresses of one family");
  }
  test.profile.ipv6 = from->ip.v6;
  return {};
}

Status check_headers(const TestSettings& test, const Names& names) {
  const TrafficProfile& profile = test.profile;
  if (Status ok = check_destinations(test, names); !ok) return ok;
  for (const auto& next_hop : {profile.next_hop, profile.reverse.next_hop}) {
    if (Status ok = check_next_hop(next_hop, profile.ipv6, names); !ok) return ok;
  }
  for (const bool reverse : {false, true}) {
    if (const auto headers = header_spec(profile, reverse); !headers) {
      return tl::unexpected(headers.error());
    }
    if (reverse && !test.bidirectional) break;  // addresses of that way count up in no frame
    if (const auto last = last_destination(profile, reverse); !last) {
      return tl::unexpected(last.error());
    }
  }
  return {};
}

// Each network has a flow: as many as networks where the user says nothing of them.
Status settle_networks(TestSettings& test, const Names& names) {
  TrafficProfile& profile = test.profile;
  if (profile.networks == 1) return {};
  if (is_socket_port(test.tx))
    return refuse(fmt::format("{} {}: a socket sends to the address of the other port",
                              names("networks"), profile.networks),
                  "leave it out, or use a backend that owns the headers (af_xdp, af_packet)");
  if (!std::has_single_bit(profile.networks))
    return refuse(fmt::format("{} {}: not a power of two", names("networks"), profile.networks),
                  fmt::format("the next one is {}", std::bit_ceil(profile.networks)));
  if (!names.given("flows")) profile.flows = std::max(profile.flows, profile.networks);
  if (profile.flows >= profile.networks) return {};
  return refuse(
      fmt::format("{} {}: each network needs a flow, and {} is {}", names("networks"),
                  profile.networks, names("flows"), profile.flows),
      fmt::format("use {} {} or more, or leave it out", names("flows"), profile.networks));
}

Status check_flows(const TestSettings& test, const Names& names) {
  const std::uint32_t flows = test.profile.flows;
  const unsigned queues = test.trial.queues;
  if (is_socket_port(test.tx) && flows > queues) {
    return refuse(fmt::format("{} {}: a UDP socket sends one flow", names("flows"), flows),
                  fmt::format("use {} {}, or a backend that owns the headers (af_xdp, af_packet)",
                              names("flows"), queues));
  }
  if (flows >= queues) return {};
  return refuse(fmt::format("{} {}: each queue needs a flow of its own, and {} is {}",
                            names("queues"), queues, names("flows"), flows),
                fmt::format("use {} {} or more, or fewer queues", names("flows"), queues));
}

// RFC 6985 wants a mix sent as it is written; a frame that is too small for its headers and the
// signature is sent with the least size that works instead, and a note says so.
void fit_mixes(TestSettings& test, const Names& names) {
  const std::uint32_t least = frame_size_min(test.profile.ipv6, test.profile.vlan.has_value());
  for (SizeChoice& choice : test.sizes) {
    const bool mix = choice.name.find_first_not_of("0123456789") != std::string::npos;
    const std::uint32_t smallest = *std::min_element(choice.sizes.begin(), choice.sizes.end());
    if (!mix || smallest >= least) continue;
    for (std::uint32_t& size : choice.sizes) size = std::max(size, least);
    choice.raised_to = least;
    test.notes.push_back(fmt::format(
        "{} {}: frames of {} bytes are sent with {}, the smallest that has room for the "
        "signature behind these headers",
        names("size"), choice.name, smallest, least));
  }
}

}  // namespace

Status settle_traffic(TestSettings& test, const Names& names) {
  if (Status ok = check_second_values(test, names); !ok) return ok;
  if (Status ok = settle_networks(test, names); !ok) return ok;
  Status headers =
      is_socket_port(test.tx) ? settle_sockets(test, names) : check_headers(test, names);
  if (!headers) return headers;
  if (Status ok = check_flows(test, names); !ok) return ok;
  fit_mixes(test, names);
  test.profile.sizes = test.sizes.front().sizes;
  test.profile.size_name = test.sizes.front().name;
  return {};
}

}  // namespace wireproof
