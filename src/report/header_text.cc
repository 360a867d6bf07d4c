#include "report/header_text.h"

#include <fmt/format.h>

#include "report/text_parts.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

std::string source_ports(const SentHeaders& headers) {
  const auto& ports = headers.src_l4_ports;
  if (ports.empty()) return "any";  // the kernel chooses
  if (headers.src_l4_ports_are_range) return fmt::format("{}-{}", ports.front(), ports.back());
  return fmt::format("{}", fmt::join(ports, ","));
}

std::string destination_ports(const SentHeaders& headers) {
  if (headers.dst_l4_port == 0) return "one that the kernel chooses";
  if (headers.dst_l4_port_last == headers.dst_l4_port) return std::to_string(headers.dst_l4_port);
  return fmt::format("{}-{}", headers.dst_l4_port, headers.dst_l4_port_last);
}

}  // namespace

std::string header_text(const SentHeaders& headers) {
  const std::string last = headers.dst_ip_last == headers.dst_ip
                               ? ""
                               : fmt::format("-{}", format_ip(headers.dst_ip_last));
  return fmt::format("{}{} to {}{}, UDP port {} to {}, {} {}, DSCP {}",
                     headers.vlan ? fmt::format("VLAN {}, ", *headers.vlan) : "",
                     format_ip(headers.src_ip), format_ip(headers.dst_ip), last,
                     source_ports(headers), destination_ports(headers),
                     headers.src_ip.v6 ? "hop limit" : "TTL", headers.ttl, headers.dscp);
}

std::string sent_header_text(const SentHeaders& headers) {
  if (!headers.src_mac || !headers.dst_mac) return header_text(headers);
  const std::string asked =
      headers.next_hop ? fmt::format(" ({})", format_ip(*headers.next_hop)) : "";
  return fmt::format("{} to {}{}, {}", format_mac(*headers.src_mac), format_mac(*headers.dst_mac),
                     asked, header_text(headers));
}

std::string headers_text(const RunReport& report) {
  std::vector<const TrialResult*> trials;
  for (const TrialResult& trial : report.trials) trials.push_back(&trial);
  for (const SearchResult& search : report.searches)
    for (const TrialResult& trial : search.trials) trials.push_back(&trial);
  std::string text;
  for (const TrialResult* trial : trials) {
    for (const DirectionResult& direction : trial->directions) {
      if (!direction.headers) continue;
      const std::string line =
          wrapped(fmt::format("headers  {} -> {}: {}", direction.from, receiver_name(direction),
                              sent_header_text(*direction.headers)),
                  9);
      if (text.find(line) == std::string::npos) text += line;
    }
  }
  return text;
}

}  // namespace wireproof
