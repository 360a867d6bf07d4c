#include "job/planned_headers.h"

#include <fmt/format.h>

#include "engine/header_choice.h"
#include "report/header_text.h"
#include "settings/ports.h"

namespace wireproof {
namespace {

// Of MAC addresses that are not known yet.
std::string mac_words(const std::optional<MacAddress>& mac, const std::string& port) {
  return mac ? format_mac(*mac) : fmt::format("{}'s own MAC", port);
}

}  // namespace

Result<SentHeaders> planned_headers(const TestSettings& test, bool reverse) {
  const TrafficProfile& profile = test.profile;
  Result<HeaderSpec> headers = header_spec(profile, reverse);
  if (!headers) return tl::unexpected(headers.error());
  if (!is_socket_port(test.tx)) return sent_headers(*headers, profile, reverse);
  SentHeaders sent{.dscp = profile.dscp, .ttl = profile.ttl};
  const std::string rx = test.rx.value_or(std::string());
  const auto from = socket_endpoint(reverse ? rx : test.tx);
  const auto to = socket_endpoint(reverse ? test.tx : rx);
  if (!from || !to) return fail(ErrorKind::kUsage, "not an endpoint of sockets");
  sent.src_ip = from->ip;
  sent.dst_ip = to->ip;
  sent.dst_ip_last = to->ip;
  sent.dst_l4_port = to->l4_port;
  sent.dst_l4_port_last = to->l4_port;
  if (to->l4_port != 0) {
    sent.dst_l4_port_last = static_cast<std::uint16_t>(to->l4_port + test.trial.queues - 1);
  }
  return sent;
}

Config describe_headers(const TestSettings& test) {
  Config described;
  for (const bool reverse : {false, true}) {
    if (reverse && !test.bidirectional) break;
    const Result<SentHeaders> headers = planned_headers(test, reverse);
    if (!headers) continue;
    Config one{{"ip_version", headers->src_ip.v6 ? 6 : 4}};
    if (headers->src_mac) one.push_back({"src_mac", format_mac(*headers->src_mac)});
    if (headers->dst_mac) one.push_back({"dst_mac", format_mac(*headers->dst_mac)});
    if (headers->next_hop) one.push_back({"next_hop", format_ip(*headers->next_hop)});
    if (headers->vlan) one.push_back({"vlan", *headers->vlan});
    one.push_back({"src_ip", format_ip(headers->src_ip)});
    one.push_back({"dst_ip", format_ip(headers->dst_ip)});
    if (!headers->src_l4_ports.empty()) {
      one.push_back({"src_port", headers->src_l4_ports.front()});
    }
    if (headers->dst_l4_port != 0) one.push_back({"dst_port", headers->dst_l4_port});
    one.push_back({"dscp", headers->dscp});
    one.push_back({"ttl", headers->ttl});
    described.push_back({reverse ? "reverse" : "forward", std::move(one)});
  }
  return described;
}

std::string plan_headers_text(const TestSettings& test) {
  std::string text;
  for (const bool reverse : {false, true}) {
    if (reverse && !test.bidirectional) break;
    const Result<SentHeaders> headers = planned_headers(test, reverse);
    if (!headers) continue;
    const std::string rx = test.rx.value_or(std::string());
    const std::string& from = reverse ? rx : test.tx;
    const std::string& to = reverse ? test.tx : rx;
    std::string macs;
    if (!is_socket_port(test.tx)) {
      macs = fmt::format("{} to {}, ", mac_words(headers->src_mac, from),
                         headers->next_hop ? fmt::format("the MAC that {} will be asked for",
                                                         format_ip(*headers->next_hop))
                                           : mac_words(headers->dst_mac, to));
    }
    text += fmt::format("headers     {}: {}{}\n", reverse ? "reverse" : "forward", macs,
                        header_text(*headers));
  }
  return text;
}

}  // namespace wireproof
