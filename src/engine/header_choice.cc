#include "engine/header_choice.h"

#include <fmt/format.h>

#include <algorithm>

namespace wireproof {
namespace {

struct Choice {  // of one direction
  std::optional<MacAddress> src_mac, dst_mac;
  std::optional<IpAddress> next_hop;
};

Choice choice_of(const TrafficProfile& profile, bool reverse) {
  if (reverse) {
    return {profile.reverse.src_mac, profile.reverse.dst_mac, profile.reverse.next_hop};
  }
  return {profile.src_mac, profile.dst_mac, profile.next_hop};
}

bool is_unicast(const MacAddress& mac) {
  return !mac.is_zero() && !mac.is_multicast();
}

Result<MacAddress> source_mac(const StreamEnds& ends, const Choice& choice) {
  const DeviceFacts& from = ends.from.facts();
  const MacAddress mac = choice.src_mac.value_or(from.mac);
  if (is_unicast(mac)) return mac;
  return fail(
      ErrorKind::kUsage,
      fmt::format("source MAC {} of {} is not a unicast address", format_mac(mac), from.device),
      "give --src-mac with a unicast address");
}

Result<MacAddress> destination_mac(const StreamEnds& ends, const Choice& choice) {
  MacAddress mac;
  if (choice.dst_mac) {
    mac = *choice.dst_mac;
  } else if (choice.next_hop) {
    Result<MacAddress> resolved = ends.from.resolve(*choice.next_hop);
    if (!resolved) return resolved;
    mac = *resolved;
  } else if (ends.to != nullptr) {
    mac = ends.to->mac;
  } else {
    return fail(ErrorKind::kUsage, "--rx none: the destination of the frames is unknown",
                "give --dst-mac, or --next-hop to have it resolved");
  }
  if (is_unicast(mac)) return mac;
  return fail(ErrorKind::kUsage,
              fmt::format("destination MAC {} is not a unicast address", format_mac(mac)),
              "give --dst-mac with a unicast address");
}

// No switch returns a frame to the port that it came from, and no station answers itself; a frame
// that somebody sends back as it is may bear the address that it comes back to.
Status check_not_ourselves(const HeaderSpec& headers, const StreamEnds& ends,
                           const Choice& choice) {
  const DeviceFacts& from = ends.from.facts();
  const bool asked = choice.dst_mac || choice.next_hop;
  if (!asked || &from == ends.to) return {};
  const bool own = headers.dst_mac == from.mac;
  if (!own && headers.dst_mac != headers.src_mac) return {};
  return tl::unexpected(
      goes_nowhere(headers.dst_mac, own ? std::optional(from.device) : std::nullopt));
}

HeaderSpec socket_headers(HeaderSpec headers, const StreamEnds& ends) {
  const DeviceFacts& from = ends.from.facts();
  headers.src_ip = from.endpoint.ip;
  if (!from.sending_l4_ports.empty()) headers.src_l4_port = from.sending_l4_ports.front();
  headers.dst_ip = ends.to->endpoint.ip;
  headers.dst_l4_port = ends.to->endpoint.l4_port;
  return headers;
}

}  // namespace

Error goes_nowhere(const MacAddress& mac, const std::optional<std::string>& port) {
  return {
      ErrorKind::kUsage,
      fmt::format("destination MAC {} is {}: no other station would receive it", format_mac(mac),
                  port ? "that of " + *port + ", which sends" : "the source MAC"),
      "give the MAC or the next hop at the other end of that port's wire", 0};
}

Result<HeaderSpec> choose_headers(const StreamEnds& ends, const TrafficProfile& profile,
                                  bool reverse) {
  Result<HeaderSpec> headers = header_spec(profile, reverse);
  if (!headers) return headers;
  if (ends.from.facts().layer == Layer::kUdpPayload) {
    if (ends.to != nullptr) return socket_headers(*headers, ends);
    return fail(ErrorKind::kUsage, "--rx none: the destination of the frames is unknown",
                "name the receiving socket with --rx");
  }
  if (const auto last = last_destination(profile, reverse); !last) {
    return tl::unexpected(last.error());
  }
  const Choice choice = choice_of(profile, reverse);
  const Result<MacAddress> src = source_mac(ends, choice);
  if (!src) return tl::unexpected(src.error());
  headers->src_mac = *src;
  const Result<MacAddress> dst = destination_mac(ends, choice);
  if (!dst) return tl::unexpected(dst.error());
  headers->dst_mac = *dst;
  if (const Status ok = check_not_ourselves(*headers, ends, choice); !ok) {
    return tl::unexpected(ok.error());
  }
  return headers;
}

SentHeaders sent_headers(const HeaderSpec& headers, const TrafficProfile& profile, bool reverse) {
  const Choice choice = choice_of(profile, reverse);
  SentHeaders sent{.src_mac = choice.src_mac,
                   .dst_mac = choice.dst_mac,
                   .vlan = headers.vlan,
                   .src_ip = headers.src_ip,
                   .dst_ip = headers.dst_ip,
                   .dst_ip_last = last_destination(profile, reverse).value_or(headers.dst_ip),
                   .src_l4_ports = {headers.src_l4_port},
                   .dst_l4_port = headers.dst_l4_port,
                   .dst_l4_port_last = headers.dst_l4_port,
                   .dscp = headers.dscp,
                   .ttl = headers.ttl};
  if (!choice.dst_mac) sent.next_hop = choice.next_hop;
  const std::uint32_t ports = std::min(profile.flows, kPortsPerAddress);
  if (ports > 1) {
    sent.src_l4_ports.push_back(static_cast<std::uint16_t>(headers.src_l4_port + ports - 1));
    sent.src_l4_ports_are_range = true;
  }
  return sent;
}

SentHeaders sent_headers(const HeaderSpec& headers, const StreamEnds& ends,
                         const TrafficProfile& profile, bool reverse) {
  SentHeaders sent = sent_headers(headers, profile, reverse);
  const DeviceFacts& from = ends.from.facts();
  if (from.layer == Layer::kL2) {
    sent.src_mac = headers.src_mac;
    sent.dst_mac = headers.dst_mac;
    return sent;
  }
  sent.dst_ip_last = headers.dst_ip;
  sent.src_l4_ports = from.sending_l4_ports;
  sent.src_l4_ports_are_range = false;
  const unsigned queues = std::min(ends.tx_queues, ends.to->queues);
  sent.dst_l4_port_last = static_cast<std::uint16_t>(headers.dst_l4_port + queues - 1);
  return sent;
}

AddressMatch match_for(const TrafficProfile& profile, const HeaderSpec& headers, bool sockets) {
  AddressMatch match{.payload_only = sockets, .ipv6 = profile.ipv6};
  match.l4_port = headers.dst_l4_port;
  for (const bool reverse : {false, true}) {
    const Result<HeaderSpec> one = header_spec(profile, reverse);
    if (!one) continue;  // refused before
    match.destinations[reverse ? 1 : 0] =
        match_prefix(one->dst_ip, destination_prefix_length(profile, one->dst_ip));
  }
  return match;
}

Result<Steering> steering_for(const TrafficProfile& profile) {
  Steering steering{.l4_port = profile.dst_l4_port};
  for (const bool reverse : {false, true}) {
    const Result<HeaderSpec> headers = header_spec(profile, reverse);
    if (!headers) return tl::unexpected(headers.error());
    const unsigned length = destination_prefix_length(profile, headers->dst_ip);
    steering.destinations.push_back({headers->dst_ip, static_cast<std::uint8_t>(length)});
  }
  return steering;
}

}  // namespace wireproof
