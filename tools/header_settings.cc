#include "tools/header_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/header_choice.h"
#include "report/header_text.h"

namespace wireproof {
namespace {

constexpr std::string_view kSockets = "io_uring:";

// One flag that has a value for each direction.
struct PairText {
  std::string_view flag;
  std::string forward;
  std::optional<std::string> reverse;
};

Result<PairText> split(std::string_view flag, const std::string& text, bool bidirectional) {
  const std::size_t comma = text.find(',');
  PairText pair{.flag = flag, .forward = text.substr(0, comma), .reverse = std::nullopt};
  if (comma == std::string::npos) return pair;
  pair.reverse = text.substr(comma + 1);
  if (pair.forward.empty() || pair.reverse->empty() || pair.reverse->find(',') != text.npos) {
    return fail(ErrorKind::kUsage, fmt::format("{} {}: not two values", flag, quote(text)),
                "write one, or one for each direction: A,B");
  }
  if (bidirectional) return pair;
  return fail(ErrorKind::kUsage,
              fmt::format("{} {}: the second value is the reverse direction's, and none is sent",
                          flag, quote(text)),
              "give --bidirectional, or one value");
}

Result<MacAddress> read_mac(std::string_view flag, const std::string& text) {
  const auto mac = parse_mac(text);
  if (!mac) {
    return fail(ErrorKind::kUsage, fmt::format("{} {}: not a MAC address", flag, quote(text)),
                "write it as 02:00:5e:10:00:01");
  }
  if (mac->is_zero() || mac->is_multicast()) {
    return fail(ErrorKind::kUsage, fmt::format("{} {}: not a unicast address", flag, text),
                "give the MAC address of one station");
  }
  return *mac;
}

Result<IpAddress> read_ip(std::string_view flag, const std::string& text) {
  if (const auto ip = parse_ip(text)) return *ip;
  return fail(ErrorKind::kUsage, fmt::format("{} {}: not an IP address", flag, quote(text)),
              "write it as 198.18.0.1 or 2001:2::1");
}

// Reads one flag of both directions by `read`.
template <typename T, typename Read>
Status read_pair(std::string_view flag, const std::string& text, bool bidirectional, Read read,
                 std::optional<T>& forward, std::optional<T>& reverse) {
  if (text.empty()) return {};
  const Result<PairText> pair = split(flag, text, bidirectional);
  if (!pair) return tl::unexpected(pair.error());
  const Result<T> one = read(flag, pair->forward);
  if (!one) return tl::unexpected(one.error());
  forward = *one;
  if (!pair->reverse) return {};
  const Result<T> other = read(flag, *pair->reverse);
  if (!other) return tl::unexpected(other.error());
  reverse = *other;
  return {};
}

Status read_addresses(const TestText& text, TrafficProfile& profile) {
  const bool both = text.bidirectional;
  ReverseAddresses& back = profile.reverse;
  for (Status read :
       {read_pair("--src-mac", text.src_mac, both, read_mac, profile.src_mac, back.src_mac),
        read_pair("--dst-mac", text.dst_mac, both, read_mac, profile.dst_mac, back.dst_mac),
        read_pair("--next-hop", text.next_hop, both, read_ip, profile.next_hop, back.next_hop),
        read_pair("--src-ip", text.src_ip, both, read_ip, profile.src_ip, back.src_ip),
        read_pair("--dst-ip", text.dst_ip, both, read_ip, profile.dst_ip, back.dst_ip)}) {
    if (!read) return read;
  }
  return {};
}

// Where frames go must be said of both directions or of none, and once.
Status check_destinations(const TestText& text, const TrafficProfile& profile) {
  if (profile.dst_mac && profile.next_hop) {
    return fail(ErrorKind::kUsage, "--dst-mac and --next-hop both say where the frames go",
                "give one of them");
  }
  const bool same_port = text.tx == text.rx;  // refused with its own sentence
  if (!text.bidirectional || same_port) return {};
  for (const auto& [flag, given, alone] :
       {std::tuple{"--next-hop", text.next_hop, profile.next_hop && !profile.reverse.next_hop},
        std::tuple{"--dst-mac", text.dst_mac, profile.dst_mac && !profile.reverse.dst_mac}}) {
    if (!alone) continue;
    return fail(ErrorKind::kUsage,
                fmt::format("{} {} with --bidirectional: where the frames of the reverse direction "
                            "go is not said, and is never guessed",
                            flag, given),
                fmt::format("give both, the way there and the way back: {} {},{}", flag, given,
                            flag == std::string_view("--next-hop") ? "ADDRESS" : "MAC"));
  }
  return {};
}

Status check_next_hop(const std::optional<IpAddress>& next_hop, bool ipv6) {
  if (!next_hop) return {};
  if (next_hop->is_zero() || next_hop->is_multicast()) {
    return fail(ErrorKind::kUsage,
                fmt::format("--next-hop {}: not a unicast address", format_ip(*next_hop)),
                "give the address of one neighbour");
  }
  if (next_hop->v6 == ipv6) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("--next-hop {}: not an {} address, as those of the frames are",
                          format_ip(*next_hop), ipv6 ? "IPv6" : "IPv4"),
              "give the next hop's address of that family, or its MAC with --dst-mac");
}

// Flags whose meaning a socket takes from its own address, or leaves to the kernel.
Status check_sockets(const TestText& text, TrafficProfile& profile) {
  for (const auto& [flag, given] : {std::pair{"--src-mac", text.src_mac},
                                    {"--dst-mac", text.dst_mac},
                                    {"--next-hop", text.next_hop},
                                    {"--vlan", text.vlan}}) {
    if (given.empty()) continue;
    return fail(
        ErrorKind::kUsage,
        fmt::format("{}: MAC addresses and VLAN tags are the kernel's on a UDP socket", flag),
        "leave it out, or use a backend that owns the headers (af_xdp, af_packet)");
  }
  for (const auto& [flag, given] : {std::pair{"--src-ip", text.src_ip},
                                    {"--dst-ip", text.dst_ip},
                                    {"--src-port", text.src_port},
                                    {"--dst-port", text.dst_port}}) {
    if (given.empty()) continue;
    return fail(
        ErrorKind::kUsage,
        fmt::format("{}: a socket sends from its own address to that of the other port", flag),
        "name both in --tx and --rx (io_uring:ADDRESS:PORT), or use a backend that owns "
        "the headers (af_xdp, af_packet)");
  }
  const auto from = socket_endpoint(text.tx);
  const auto to = socket_endpoint(text.rx);
  if (!from) return {};  // the driver says what is wrong with it
  if (text.ipv6 && !from->ip.v6) {
    return fail(ErrorKind::kUsage, fmt::format("--ipv6 contradicts {}, an IPv4 address", text.tx),
                "leave --ipv6 out, or name IPv6 addresses: io_uring:[::1]:9000");
  }
  if (to && to->ip.v6 != from->ip.v6) {
    return fail(ErrorKind::kUsage, fmt::format("sockets at {} cannot send to {}", text.tx, text.rx),
                "give both ports addresses of one family");
  }
  profile.ipv6 = from->ip.v6;
  return {};
}

template <typename T>
Status read_number(std::string_view flag, const std::string& text, std::uint64_t min,
                   std::uint64_t max, T& into) {
  if (text.empty()) return {};
  const Result<std::uint64_t> parsed = parse_count(flag, text, min, max);
  if (!parsed) return tl::unexpected(parsed.error());
  into = static_cast<std::uint16_t>(*parsed);
  return {};
}

Status read_numbers(const TestText& text, TrafficProfile& profile) {
  std::uint16_t dscp = profile.dscp;
  std::uint16_t ttl = profile.ttl;
  for (Status read :
       {read_number("--src-port", text.src_port, 1, 65'535, profile.src_l4_port),
        read_number("--dst-port", text.dst_port, 1, 65'535, profile.dst_l4_port),
        read_number("--dscp", text.dscp, 0, 63, dscp), read_number("--ttl", text.ttl, 1, 255, ttl),
        read_number("--vlan", text.vlan, 1, 4'094, profile.vlan)}) {
    if (!read) return read;
  }
  profile.dscp = static_cast<std::uint8_t>(dscp);
  profile.ttl = static_cast<std::uint8_t>(ttl);
  return {};
}

Status check_flows(const TestText& text, const TrafficProfile& profile) {
  for (const bool reverse : {false, true}) {
    if (const auto headers = header_spec(profile, reverse); !headers) {
      return tl::unexpected(headers.error());
    }
    if (reverse && !text.bidirectional) break;  // addresses of that way count up in no frame
    if (const auto last = last_destination(profile, reverse); !last) {
      return tl::unexpected(last.error());
    }
  }
  return {};
}

// Of MAC addresses that are not known yet.
std::string mac_words(const std::optional<MacAddress>& mac, const std::string& port) {
  return mac ? format_mac(*mac) : fmt::format("{}'s own MAC", port);
}

}  // namespace

bool is_socket_port(const std::string& port) {
  return port.starts_with(kSockets);
}

std::optional<IpEndpoint> socket_endpoint(const std::string& port) {
  if (!is_socket_port(port)) return std::nullopt;
  std::string text = port.substr(kSockets.size());
  text = text.substr(0, text.find(','));  // its options follow
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const auto ip = parse_ip(host);
  const auto l4_port = parse_count("PORT", text.substr(colon + 1), 0, 65'535);
  if (!ip || !l4_port) return std::nullopt;
  return IpEndpoint{*ip, static_cast<std::uint16_t>(*l4_port)};
}

Result<TrafficProfile> read_headers(const TestText& text, TrafficProfile profile) {
  profile.ipv6 = text.ipv6;
  const bool sockets = is_socket_port(text.tx);
  const auto refused = [](const Status& status) { return tl::unexpected(status.error()); };
  if (const Status ok = read_addresses(text, profile); !ok) return refused(ok);
  if (const Status ok = read_numbers(text, profile); !ok) return refused(ok);
  if (sockets) {
    if (const Status ok = check_sockets(text, profile); !ok) return refused(ok);
    return profile;
  }
  if (const Status ok = check_destinations(text, profile); !ok) return refused(ok);
  for (const auto& next_hop : {profile.next_hop, profile.reverse.next_hop}) {
    if (const Status ok = check_next_hop(next_hop, profile.ipv6); !ok) return refused(ok);
  }
  if (const Status ok = check_flows(text, profile); !ok) return refused(ok);
  return profile;
}

void fit_mixes(TestSettings& test) {
  const std::uint32_t least = frame_size_min(test.profile.ipv6, test.profile.vlan.has_value());
  for (SizeChoice& choice : test.sizes) {
    const bool mix = choice.name.find_first_not_of("0123456789") != std::string::npos;
    const std::uint32_t smallest = *std::min_element(choice.sizes.begin(), choice.sizes.end());
    if (!mix || smallest >= least) continue;
    for (std::uint32_t& size : choice.sizes) size = std::max(size, least);
    choice.raised_to = least;
    test.notes.push_back(fmt::format(
        "--size {}: frames of {} bytes are sent with {}, the least that has room for the "
        "signature behind these headers",
        choice.name, smallest, least));
  }
}

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
