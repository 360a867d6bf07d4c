#include "packet/test_frame.h"

namespace wireproof {
namespace {

struct Datagram {
  const std::uint8_t* udp = nullptr;
  std::size_t length = 0;  // by the IP header; 0: the frame is shorter than it says
  const std::uint8_t* addresses = nullptr;
  std::size_t addresses_length = 0;
};

std::array<std::uint64_t, 2> load_address(const std::uint8_t* at, bool ipv6) {
  if (ipv6) return {load_be64(at), load_be64(at + 8)};
  return {0, load_be32(at)};
}

bool is_destination(const AddressMatch& match, const std::uint8_t* at) {
  const auto address = load_address(at, match.ipv6);
  for (const auto& wanted : match.destinations) {
    if ((address[0] & wanted.mask[0]) == wanted.address[0] &&
        (address[1] & wanted.mask[1]) == wanted.address[1]) {
      return true;
    }
  }
  return false;
}

// The length of the IPv4 header, or 0 for what cannot be a whole datagram: a later fragment has no
// UDP header, a first one is not whole.
std::size_t ipv4_header_length(const std::uint8_t* ip) {
  const std::size_t header = std::size_t{ip[0] & 0x0fu} * 4;
  return header < kIpv4Length || (load_be16(ip + 6) & 0x3fff) != 0 ? 0 : header;
}

// Finds the UDP datagram of a frame that is ours by address and port; false: it is another's.
bool find_datagram(const AddressMatch& match, const std::uint8_t* bytes, std::size_t length,
                   Datagram& found) {
  std::size_t ip_at = kEthernetLength;
  if (length < kEthernetLength + kVlanLength) return false;
  std::uint16_t type = load_be16(bytes + 12);
  if (type == kEtherTypeVlan) {
    type = load_be16(bytes + 16);
    ip_at += kVlanLength;
  }
  if (type != (match.ipv6 ? kEtherTypeIpv6 : kEtherTypeIpv4)) return false;
  if (length < ip_at + ip_length(match.ipv6) + kUdpLength) return false;
  const std::uint8_t* ip = bytes + ip_at;
  const std::size_t header = match.ipv6 ? kIpv6Length : ipv4_header_length(ip);
  if (header == 0 || length < ip_at + header + kUdpLength) return false;
  const std::uint8_t* udp = ip + header;
  const std::uint8_t protocol = ip[match.ipv6 ? 6 : 9];
  if (protocol != kProtocolUdp || load_be16(udp + 2) != match.l4_port) return false;
  if (!is_destination(match, ip + (match.ipv6 ? 24 : 16))) return false;
  found.udp = udp;
  found.addresses = ip + (match.ipv6 ? 8 : 12);
  found.addresses_length = match.ipv6 ? 32 : 8;
  const std::size_t announced = match.ipv6 ? load_be16(ip + 4) : load_be16(ip + 2) - header;
  const std::size_t present = length - ip_at - header;
  found.length = announced <= present ? announced : 0;  // what follows it is Ethernet padding
  return true;
}

bool is_intact(const Datagram& datagram) {
  if (datagram.length < kUdpLength || load_be16(datagram.udp + 4) != datagram.length) return false;
  if (load_be16(datagram.udp + 6) == 0) return false;  // we never send without a checksum
  ChecksumSum sum;
  add_bytes(sum, datagram.addresses, datagram.addresses_length);
  sum.add(kProtocolUdp + datagram.length);
  add_bytes(sum, datagram.udp, datagram.length);
  return sum.folded() == 0xffff;
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

FrameClass read_test_frame(const AddressMatch& match, const std::uint8_t* bytes, std::size_t length,
                           Signature& signature) {
  const std::uint8_t* payload = bytes;
  std::size_t payload_length = length;
  if (!match.payload_only) {
    Datagram datagram;
    if (!find_datagram(match, bytes, length, datagram)) return FrameClass::kOthers;
    if (!is_intact(datagram)) return FrameClass::kCorrupt;
    payload = datagram.udp + kUdpLength;
    payload_length = datagram.length - kUdpLength;
  }
  if (payload_length < kSignatureLength || !has_magic(payload)) return FrameClass::kForeign;
  signature = load_signature(payload);
  return FrameClass::kOurs;
}

}  // namespace wireproof
