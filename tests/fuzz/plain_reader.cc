#include "fuzz/plain_reader.h"

namespace wireproof::fuzz {
namespace {

std::vector<std::uint8_t> copy(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

// A UDP datagram behind its addresses: what RFC 768 and RFC 8200 sum.
bool checksum_holds(Bytes source, Bytes destination, Bytes datagram) {
  if (number_at(datagram, 6, 2) == 0) return false;  // never sent without
  std::vector<std::uint8_t> all = copy(source);
  all.insert(all.end(), destination.begin(), destination.end());
  all.push_back(0);
  all.push_back(17);
  all.push_back(static_cast<std::uint8_t>(datagram.size() >> 8));
  all.push_back(static_cast<std::uint8_t>(datagram.size() & 255));
  all.insert(all.end(), datagram.begin(), datagram.end());
  return plain_sum(all) == 0xffff;
}

PlainFrame read_payload(Bytes payload) {
  PlainFrame frame{.found = PlainClass::kForeign};
  if (payload.size() < 18 || number_at(payload, 0, 2) != 0x5750) return frame;
  frame.found = PlainClass::kOurs;
  frame.signature.trial = number_at(payload, 2, 2);
  frame.signature.space = number_at(payload, 4, 3);
  frame.signature.sequence = number_at(payload, 7, 5);
  frame.signature.time = number_at(payload, 12, 5) / 16;
  frame.signature.lateness = number_at(payload, 16, 2) % 4096;
  return frame;
}

// An IP packet, up to the end of the frame.
struct Packet {
  Bytes source, destination;
  Bytes rest;              // behind its header
  std::uint64_t told = 0;  // how long that is, by the header
};

std::optional<Packet> udp_over_ipv4(Bytes ip) {
  if (ip.size() < 20 || ip[0] / 16 != 4) return std::nullopt;
  const std::size_t header = ip[0] % 16 * 4u;
  const bool fragment = (ip[6] & 0x20) != 0 || number_at(ip, 6, 2) % 8192 != 0;
  if (header < 20 || ip.size() < header || fragment || ip[9] != 17) return std::nullopt;
  const std::uint64_t total = number_at(ip, 2, 2);
  return Packet{ip.subspan(12, 4), ip.subspan(16, 4), ip.subspan(header),
                total < header ? 0 : total - header};
}

std::optional<Packet> udp_over_ipv6(Bytes ip) {
  if (ip.size() < 40 || ip[0] / 16 != 6 || ip[6] != 17) return std::nullopt;
  return Packet{ip.subspan(8, 16), ip.subspan(24, 16), ip.subspan(40), number_at(ip, 4, 2)};
}

std::optional<Packet> find_udp_packet(Bytes frame, std::optional<bool> wanted_ipv6) {
  if (frame.size() < 14) return std::nullopt;
  std::uint64_t type = number_at(frame, 12, 2);
  Bytes ip = frame.subspan(14);
  if (type == 0x8100) {
    if (ip.size() < 4) return std::nullopt;
    type = number_at(ip, 2, 2);
    ip = ip.subspan(4);
  }
  std::optional<Packet> packet;
  if (type == 0x0800 && wanted_ipv6 != true) packet = udp_over_ipv4(ip);
  if (type == 0x86dd && wanted_ipv6 != false) packet = udp_over_ipv6(ip);
  if (packet && packet->rest.size() < 8) return std::nullopt;
  return packet;
}

PlainFrame read_datagram(const Packet& packet) {
  PlainFrame frame{.found = PlainClass::kCorrupt};
  if (packet.told >= 8 && packet.told <= packet.rest.size() &&
      number_at(packet.rest, 4, 2) == packet.told) {
    const Bytes datagram = packet.rest.first(packet.told);
    if (checksum_holds(packet.source, packet.destination, datagram)) {
      frame = read_payload(datagram.subspan(8));
    }
  }
  frame.address = copy(packet.destination);
  frame.port = number_at(packet.rest, 2, 2);
  return frame;
}

}  // namespace

std::uint64_t number_at(Bytes bytes, std::size_t begin, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value * 256 + bytes[begin + i];
  return value;
}

std::uint64_t plain_sum(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
  while (sum > 0xffff) sum = sum % 65'536 + sum / 65'536;
  return sum;
}

PlainFrame read_plainly(const PlainTest& test, Bytes frame) {
  if (test.payload_only) return read_payload(frame);
  const auto packet = find_udp_packet(frame, test.ipv6);
  if (!packet) return {};
  PlainFrame found = read_datagram(*packet);
  bool ours = false;
  for (const auto& address : test.addresses) ours = ours || address == found.address;
  if (!ours || found.port != test.port) return {};
  return found;
}

std::optional<PlainFrame> read_any_plainly(Bytes frame) {
  const auto packet = find_udp_packet(frame, std::nullopt);
  if (!packet) return std::nullopt;
  PlainFrame found = read_datagram(*packet);
  if (found.found != PlainClass::kOurs) return std::nullopt;
  return found;
}

}  // namespace wireproof::fuzz
