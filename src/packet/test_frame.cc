#include "packet/test_frame.h"

#include <algorithm>

namespace wireproof {
namespace {

struct Datagram {
  const std::uint8_t* udp = nullptr;
  std::size_t length = 0;  // by the IP header; 0: the frame is shorter than it says
  const std::uint8_t* addresses = nullptr;
};

constexpr std::size_t address_length(bool ipv6) {
  return ipv6 ? 16 : 4;
}

std::array<std::uint64_t, 2> load_address(const std::uint8_t* at, bool ipv6) {
  if (ipv6) return {load_be64(at), load_be64(at + 8)};
  return {0, load_be32(at)};
}

template <bool kIpv6>
bool is_destination(const AddressMatch& match, const std::uint8_t* at) {
  const auto address = load_address(at, kIpv6);
  for (const auto& wanted : match.destinations) {
    if ((!kIpv6 || (address[0] & wanted.mask[0]) == wanted.address[0]) &&
        (address[1] & wanted.mask[1]) == wanted.address[1]) {
      return true;
    }
  }
  return false;
}

// The length of the header, or 0 for what cannot be a whole datagram: of another version; a later
// fragment has no UDP header, a first one is not whole.
std::size_t ipv4_header_length(const std::uint8_t* ip) {
  const std::size_t header = std::size_t{ip[0] & 0x0fu} * 4;
  if (ip[0] >> 4 != 4 || header < kIpv4Length) return 0;
  return (load_be16(ip + 6) & 0x3fff) != 0 ? 0 : header;
}

std::size_t ipv6_header_length(const std::uint8_t* ip) {
  return ip[0] >> 4 == 6 ? kIpv6Length : 0;
}

// Finds the UDP datagram of a frame that is ours by address and port; false: it is another's.
template <bool kIpv6>
bool find_datagram(const AddressMatch& match, const std::uint8_t* bytes, std::size_t length,
                   Datagram& found) {
  std::size_t ip_at = kEthernetLength;
  if (length < kEthernetLength + ip_length(kIpv6) + kUdpLength) return false;
  std::uint16_t type = load_be16(bytes + 12);
  if (type == kEtherTypeVlan) {
    type = load_be16(bytes + 16);
    ip_at += kVlanLength;
  }
  if (type != (kIpv6 ? kEtherTypeIpv6 : kEtherTypeIpv4)) return false;
  const std::uint8_t* ip = bytes + ip_at;
  if (length < ip_at + ip_length(kIpv6) + kUdpLength) return false;
  const std::size_t header = kIpv6 ? ipv6_header_length(ip) : ipv4_header_length(ip);
  if (header == 0 || length < ip_at + header + kUdpLength) return false;
  const std::uint8_t* udp = ip + header;
  const std::uint8_t protocol = ip[kIpv6 ? 6 : 9];
  const std::uint8_t* addresses = ip + (kIpv6 ? 8 : 12);
  const std::uint8_t* port = udp + (match.reflected ? 0 : 2);
  if (protocol != kProtocolUdp || load_be16(port) != match.l4_port) return false;
  if (!is_destination<kIpv6>(match, addresses + (match.reflected ? 0 : address_length(kIpv6))))
    return false;
  found.udp = udp;
  found.addresses = addresses;
  const std::size_t announced = kIpv6 ? load_be16(ip + 4) : load_be16(ip + 2) - header;
  const std::size_t present = length - ip_at - header;
  found.length = announced <= present ? announced : 0;  // what follows it is Ethernet padding
  return true;
}

template <bool kIpv6>
bool is_intact(const Datagram& datagram) {
  if (datagram.length < kUdpLength || load_be16(datagram.udp + 4) != datagram.length) return false;
  if (load_be16(datagram.udp + 6) == 0) return false;  // we never send without a checksum
  MemorySum sum;
  sum.add_bytes(datagram.addresses, 2 * address_length(kIpv6));
  sum.add(__builtin_bswap16(kProtocolUdp));
  sum.add(__builtin_bswap16(static_cast<std::uint16_t>(datagram.length)));
  sum.add_bytes(datagram.udp, datagram.length);
  return sum.all_ones();
}

// The UDP payload of a frame that is ours by address and intact, or what else the frame is.
struct Payload {
  FrameClass found = FrameClass::kOurs;
  const std::uint8_t* bytes = nullptr;
  std::size_t length = 0;
};

template <bool kIpv6>
inline Payload find_payload(const AddressMatch& match, const std::uint8_t* bytes,
                            std::size_t length) {
  Datagram datagram;
  if (!find_datagram<kIpv6>(match, bytes, length, datagram)) return {FrameClass::kOthers};
  if (!is_intact<kIpv6>(datagram)) return {FrameClass::kCorrupt};
  return {FrameClass::kOurs, datagram.udp + kUdpLength, datagram.length - kUdpLength};
}

// Apart, so that the registers it needs are not saved for every IPv4 frame.
[[gnu::noinline]] Payload find_ipv6_payload(const AddressMatch& match, const std::uint8_t* bytes,
                                            std::size_t length) {
  return find_payload<true>(match, bytes, length);
}

// The leading `bits` of a field of `width` bits, as a mask.
std::uint64_t leading_ones(unsigned bits, unsigned width) {
  if (bits == 0) return 0;
  const std::uint64_t all = width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
  return bits >= width ? all : all & ~(all >> bits);
}

}  // namespace

AddressMatch::Destination match_prefix(const IpAddress& address, unsigned length) {
  AddressMatch::Destination made;
  if (address.v6) {
    made.mask = {leading_ones(length, 64), length > 64 ? leading_ones(length - 64, 64) : 0};
  } else {
    made.mask = {0, leading_ones(length, 32)};
  }
  made.address = load_address(address.bytes.data(), address.v6);
  made.address[0] &= made.mask[0];
  made.address[1] &= made.mask[1];
  return made;
}

FrameReader::FrameReader(const AddressMatch& match)
    : type_mask_(0x00ffffff),  // little-endian: the first three bytes
      type_(0x00450008),
      fragment_mask_(__builtin_bswap16(0x3fff)),
      l4_port_(__builtin_bswap16(match.l4_port)),
      match_(match) {
  for (std::size_t i = 0; i < 2; ++i) {
    masks_[i] = __builtin_bswap32(static_cast<std::uint32_t>(match.destinations[i].mask[1]));
    destinations_[i] =
        __builtin_bswap32(static_cast<std::uint32_t>(match.destinations[i].address[1]));
  }
  // Never equal to type_: not plain.
  if (match.payload_only || match.reflected || match.ipv6) type_mask_ = 0;
}

FrameClass read_test_frame(const AddressMatch& match, const std::uint8_t* bytes, std::size_t length,
                           Signature& signature) {
  Payload payload{FrameClass::kOurs, bytes, length};
  if (!match.payload_only) {
    payload = match.ipv6 ? find_ipv6_payload(match, bytes, length)
                         : find_payload<false>(match, bytes, length);
    if (payload.found != FrameClass::kOurs) return payload.found;
  }
  if (payload.length < kSignatureLength || !has_magic(payload.bytes)) return FrameClass::kForeign;
  signature = load_signature(payload.bytes);
  return FrameClass::kOurs;
}

bool turn_round(const AddressMatch& match, std::uint8_t* bytes, std::size_t length) {
  if (match.payload_only) return true;  // a socket's peer is where it is connected to
  Datagram found;
  const bool ours = match.ipv6 ? find_datagram<true>(match, bytes, length, found)
                               : find_datagram<false>(match, bytes, length, found);
  if (!ours) return false;
  const auto exchange = [](std::uint8_t* at, std::size_t each) {
    std::swap_ranges(at, at + each, at + each);
  };
  exchange(bytes, 6);
  exchange(bytes + (found.addresses - bytes), address_length(match.ipv6));
  exchange(bytes + (found.udp - bytes), 2);
  return true;
}

std::optional<AddressedFrame> read_any_test_frame(const std::uint8_t* bytes, std::size_t length) {
  if (length < headers_length(false, true)) return std::nullopt;
  const bool tagged = load_be16(bytes + 12) == kEtherTypeVlan;
  const std::size_t ip_at = kEthernetLength + (tagged ? kVlanLength : 0);
  const bool ipv6 = load_be16(bytes + ip_at - 2) == kEtherTypeIpv6;
  const std::size_t header = ipv6 ? kIpv6Length : std::size_t{bytes[ip_at] & 0x0fu} * 4;
  if (length < ip_at + header + kUdpLength) return std::nullopt;
  AddressedFrame found;
  found.l4_port = load_be16(bytes + ip_at + header + 2);
  // Masks of 0: every destination is as good as another.
  const AddressMatch any{.ipv6 = ipv6, .l4_port = found.l4_port};
  if (read_test_frame(any, bytes, length, found.signature) != FrameClass::kOurs) {
    return std::nullopt;
  }
  found.ip.v6 = ipv6;
  std::memcpy(found.ip.bytes.data(), bytes + ip_at + (ipv6 ? 24 : 16), ipv6 ? 16 : 4);
  return found;
}

}  // namespace wireproof
