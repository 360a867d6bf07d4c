#include "io/neighbour_message.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/headers.h"

namespace wireproof {
namespace {

constexpr std::size_t kArpLength = 28;
constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;
constexpr std::uint8_t kHopLimit = 255;       // RFC 4861: never forwarded
constexpr std::size_t kNdLength = 24;         // type to target, without options
constexpr std::size_t kLinkOptionLength = 8;  // one link-layer address
constexpr std::uint8_t kSourceLinkAddress = 1;
constexpr std::uint8_t kTargetLinkAddress = 2;
constexpr std::size_t kFrameMin = 60;
constexpr MacAddress kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

MacAddress mac_at(const std::uint8_t* at) {
  MacAddress mac;
  std::copy_n(at, 6, mac.bytes.begin());
  return mac;
}

IpAddress ip_at(const std::uint8_t* at, bool v6) {
  IpAddress ip{.v6 = v6};
  std::copy_n(at, v6 ? 16 : 4, ip.bytes.begin());
  return ip;
}

void put(std::uint8_t* at, const MacAddress& mac) {
  std::copy(mac.bytes.begin(), mac.bytes.end(), at);
}

void put(std::uint8_t* at, const IpAddress& ip) {
  std::copy_n(ip.bytes.begin(), ip.v6 ? 16 : 4, at);
}

// RFC 4443, section 2.3: over the pseudo-header and the message, whose length is even.
std::uint16_t icmpv6_sum(const std::uint8_t* ip, std::size_t length) {
  std::size_t sum = kProtocolIcmpv6 + length;
  for (std::size_t at = 8; at + 1 < kIpv6Length + length; at += 2) sum += load_be16(ip + at);
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>(sum);
}

std::optional<NeighbourMessage> read_arp(const std::uint8_t* arp, std::size_t length) {
  if (length < kArpLength) return std::nullopt;
  // Ethernet and IPv4, with addresses of 6 and 4 bytes.
  if (load_be32(arp) != 0x0001'0800 || load_be16(arp + 4) != 0x0604) return std::nullopt;
  const std::uint16_t operation = load_be16(arp + 6);
  if (operation != 1 && operation != 2) return std::nullopt;
  NeighbourMessage message{
      .request = operation == 1, .sender = ip_at(arp + 14, false), .sender_mac = mac_at(arp + 8)};
  if (message.request) {
    message.target = ip_at(arp + 24, false);
  } else {
    message.target = message.sender;  // who answers tells of itself
    message.target_mac = message.sender_mac;
  }
  return message;
}

// The link-layer address among the options; zero: none.
MacAddress link_address(const std::uint8_t* options, std::size_t length, std::uint8_t kind) {
  while (length >= kLinkOptionLength) {
    const std::size_t size = std::size_t{options[1]} * 8;
    if (size == 0 || size > length) break;
    if (options[0] == kind) return mac_at(options + 2);
    options += size;
    length -= size;
  }
  return {};
}

std::optional<NeighbourMessage> read_nd(const std::uint8_t* ip, std::size_t present) {
  if (present < kIpv6Length + kNdLength || ip[0] >> 4 != 6) return std::nullopt;
  const std::size_t length = load_be16(ip + 4);
  if (ip[6] != kProtocolIcmpv6 || ip[7] != kHopLimit) return std::nullopt;
  if (length < kNdLength || length % 2 != 0 || length > present - kIpv6Length) return std::nullopt;
  const std::uint8_t* icmp = ip + kIpv6Length;
  if (icmp[0] != kSolicitation && icmp[0] != kAdvertisement) return std::nullopt;
  if (icmp[1] != 0 || icmpv6_sum(ip, length) != 0xffff) return std::nullopt;
  const bool request = icmp[0] == kSolicitation;
  const MacAddress mac = link_address(icmp + kNdLength, length - kNdLength,
                                      request ? kSourceLinkAddress : kTargetLinkAddress);
  NeighbourMessage message{.request = request, .sender = ip_at(ip + 8, true), .sender_mac = mac};
  message.target = ip_at(icmp + 8, true);
  if (!request) message.target_mac = mac;
  return message;
}

// Returns the offset behind the Ethernet header.
std::size_t put_ethernet(std::uint8_t* frame, const MacAddress& to, const MacAddress& from,
                         const std::optional<std::uint16_t>& vlan, std::uint16_t type) {
  put(frame, to);
  put(frame + 6, from);
  std::size_t at = 12;
  if (vlan) {
    store_be16(frame + at, kEtherTypeVlan);
    store_be16(frame + at + 2, *vlan);
    at += kVlanLength;
  }
  store_be16(frame + at, type);
  return at + 2;
}

std::size_t put_arp(std::uint8_t* frame, std::size_t at, std::uint16_t operation,
                    const IpAddress& from, const MacAddress& from_mac, const IpAddress& to,
                    const MacAddress& to_mac) {
  std::uint8_t* arp = frame + at;
  store_be32(arp, 0x0001'0800);
  store_be16(arp + 4, 0x0604);
  store_be16(arp + 6, operation);
  put(arp + 8, from_mac);
  put(arp + 14, from);
  put(arp + 18, to_mac);
  put(arp + 24, to);
  return std::max(at + kArpLength, kFrameMin);
}

std::size_t put_nd(std::uint8_t* frame, std::size_t at, std::uint8_t type, std::uint32_t flags,
                   const IpAddress& from, const IpAddress& to, const IpAddress& target,
                   const MacAddress& mac) {
  // Who asks without an address tells none of its link either (RFC 4861, section 4.3).
  const bool told = type != kSolicitation || !from.is_zero();
  const std::size_t length = kNdLength + (told ? kLinkOptionLength : 0);
  std::uint8_t* ip = frame + at;
  store_be32(ip, 6u << 28);
  store_be16(ip + 4, static_cast<std::uint16_t>(length));
  ip[6] = kProtocolIcmpv6;
  ip[7] = kHopLimit;
  put(ip + 8, from);
  put(ip + 24, to);
  std::uint8_t* icmp = ip + kIpv6Length;
  icmp[0] = type;
  store_be32(icmp + 4, flags);
  put(icmp + 8, target);
  if (told) {
    icmp[kNdLength] = type == kSolicitation ? kSourceLinkAddress : kTargetLinkAddress;
    icmp[kNdLength + 1] = 1;  // times eight bytes
    put(icmp + kNdLength + 2, mac);
  }
  store_be16(icmp + 2, static_cast<std::uint16_t>(~icmpv6_sum(ip, length)));
  return at + kIpv6Length + length;
}

}  // namespace

std::optional<NeighbourMessage> read_neighbour_message(std::span<const std::uint8_t> frame) {
  // Virtual wires carry them without padding.
  if (frame.size() < kEthernetLength + kVlanLength) return std::nullopt;
  std::size_t at = kEthernetLength;
  std::uint16_t type = load_be16(frame.data() + 12);
  std::optional<std::uint16_t> vlan;
  if (type == kEtherTypeVlan) {
    vlan = load_be16(frame.data() + 14);
    type = load_be16(frame.data() + 16);
    at += kVlanLength;
  }
  std::optional<NeighbourMessage> message;
  if (type == kEtherTypeArp) message = read_arp(frame.data() + at, frame.size() - at);
  if (type == kEtherTypeIpv6) message = read_nd(frame.data() + at, frame.size() - at);
  if (!message) return std::nullopt;
  if (message->sender_mac.is_zero()) message->sender_mac = mac_at(frame.data() + 6);
  if (!message->request && message->target_mac.is_zero()) {
    message->target_mac = message->sender_mac;  // a unicast answer may leave the option out
  }
  message->vlan = vlan;
  return message;
}

std::size_t write_neighbour_request(NeighbourFrame& frame, const IpAddress& ip,
                                    const MacAddress& mac, const IpAddress& target,
                                    const std::optional<std::uint16_t>& vlan) {
  frame.fill(0);
  if (!target.v6) {
    const std::size_t at = put_ethernet(frame.data(), kBroadcast, mac, vlan, kEtherTypeArp);
    return put_arp(frame.data(), at, 1, ip, mac, target, {});
  }
  // The solicited-node group of the address (RFC 4291, section 2.7.1) and its MAC (RFC 2464).
  IpAddress group{.bytes = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}, .v6 = true};
  std::copy_n(target.bytes.begin() + 13, 3, group.bytes.begin() + 13);
  MacAddress group_mac{{0x33, 0x33}};
  std::copy_n(group.bytes.begin() + 12, 4, group_mac.bytes.begin() + 2);
  const std::size_t at = put_ethernet(frame.data(), group_mac, mac, vlan, kEtherTypeIpv6);
  return put_nd(frame.data(), at, kSolicitation, 0, ip, group, target, mac);
}

std::size_t write_neighbour_answer(NeighbourFrame& frame, const NeighbourMessage& request,
                                   const MacAddress& mac) {
  frame.fill(0);
  const bool v6 = request.target.v6;
  const std::size_t at = put_ethernet(frame.data(), request.sender_mac, mac, request.vlan,
                                      v6 ? kEtherTypeIpv6 : kEtherTypeArp);
  if (!v6) {
    return put_arp(frame.data(), at, 2, request.target, mac, request.sender, request.sender_mac);
  }
  // Solicited and override. To a probe from the unspecified address: to all nodes, unsolicited.
  constexpr std::uint32_t kSolicited = 1u << 30, kOverride = 1u << 29;
  const IpAddress all_nodes{.bytes = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
                            .v6 = true};
  const bool probe = request.sender.is_zero();
  return put_nd(frame.data(), at, kAdvertisement, probe ? kOverride : kSolicited | kOverride,
                request.target, probe ? all_nodes : request.sender, request.target, mac);
}

}  // namespace wireproof
