// Frames of ARP and neighbour discovery: what is read keeps to the rules of RFC 826 and RFC 4861 as
// a second look at the bytes has them, and what is written is read back as it was meant.
#include <algorithm>
#include <memory>
#include <vector>

#include "fuzz/fuzz.h"
#include "fuzz/plain_reader.h"
#include "io/neighbour_message.h"

namespace wireproof::fuzz {
namespace {

constexpr std::size_t kArpLength = 28, kIpv6Length = 40, kNdLength = 24;

bool same(const MacAddress& mac, Bytes bytes) {
  return std::equal(mac.bytes.begin(), mac.bytes.end(), bytes.begin());
}

bool same(const IpAddress& ip, Bytes bytes) {
  return std::equal(bytes.begin(), bytes.end(), ip.bytes.begin()) &&
         bytes.size() == (ip.v6 ? 16u : 4u);
}

// Whether it is a whole request or answer, by its own header.
bool is_arp(Bytes arp) {
  return arp.size() >= kArpLength && number_at(arp, 0, 2) == 1 && number_at(arp, 2, 2) == 0x0800 &&
         arp[4] == 6 && arp[5] == 4 && (number_at(arp, 6, 2) == 1 || number_at(arp, 6, 2) == 2);
}

std::uint64_t sum_of(Bytes bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  return sum;
}

// Hop limit, code, length and checksum (RFC 4861, sections 7.1.1 and 7.1.2). The length is odd for
// no message of whole options.
bool is_nd(Bytes ip) {
  if (ip.size() < kIpv6Length + kNdLength || ip[0] >> 4 != 6) return false;
  const std::size_t length = number_at(ip, 4, 2);
  if (ip[6] != 58 || ip[7] != 255 || length < kNdLength || length % 2 != 0) return false;
  if (kIpv6Length + length > ip.size()) return false;
  const Bytes icmp = ip.subspan(kIpv6Length, length);
  if ((icmp[0] != 135 && icmp[0] != 136) || icmp[1] != 0) return false;
  std::uint64_t sum = sum_of(ip.subspan(8, 32)) + 58 + length + sum_of(icmp);
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return sum == 0xffff;
}

void check_arp(const NeighbourMessage& message, Bytes arp) {
  require(message.request == (number_at(arp, 6, 2) == 1), "operation");
  require(same(message.sender, arp.subspan(14, 4)), "sender's address");
  require(same(message.target, message.request ? arp.subspan(24, 4) : arp.subspan(14, 4)),
          "target's address");
}

void check_nd(const NeighbourMessage& message, Bytes ip) {
  require(message.request == (ip[kIpv6Length] == 135), "type");
  require(same(message.sender, ip.subspan(8, 16)), "sender's address");
  require(same(message.target, ip.subspan(kIpv6Length + 8, 16)), "target's address");
}

std::optional<NeighbourMessage> read_and_check(Bytes frame) {
  const auto message = read_neighbour_message(frame);
  Bytes rest;
  std::uint64_t type = 0;
  if (frame.size() >= 18) {
    const bool tagged = number_at(frame, 12, 2) == 0x8100;
    type = number_at(frame, tagged ? 16 : 12, 2);
    rest = frame.subspan(tagged ? 18 : 14);
    if (message) {
      require(message->vlan.has_value() == tagged, "tag");
      require(!tagged || *message->vlan == number_at(frame, 14, 2), "tag's value");
    }
  }
  const bool arp = type == 0x0806 && is_arp(rest);
  const bool nd = type == 0x86dd && is_nd(rest);
  require(message.has_value() == (arp || nd), "whether it is a neighbour message");
  if (!message) return message;
  require(message->sender.v6 == nd && message->target.v6 == nd, "family");
  if (arp) check_arp(*message, rest);
  if (nd) check_nd(*message, rest);
  if (message->sender_mac.is_zero()) require(same(message->sender_mac, frame.subspan(6)), "MAC");
  return message;
}

// The answer to a request is an answer, from that MAC, about that target.
void check_answer(const NeighbourMessage& request, const MacAddress& mac) {
  NeighbourFrame frame;
  const std::size_t length = write_neighbour_answer(frame, request, mac);
  require(length <= frame.size(), "an answer's length");
  const auto answer = read_and_check(Bytes(frame).first(length));
  require(answer.has_value() && !answer->request, "an answer is not read as one");
  require(answer->target == request.target, "an answer's target");
  require(answer->target_mac == mac, "an answer's MAC");
  require(answer->vlan == request.vlan, "an answer's tag");
  require(same(request.sender_mac, Bytes(frame).first(6)), "whom an answer goes to");
}

// A request of ours comes back as it was asked.
void check_request(const NeighbourMessage& message, const MacAddress& mac) {
  NeighbourFrame frame;
  const std::size_t length =
      write_neighbour_request(frame, message.sender, mac, message.target, message.vlan);
  require(length <= frame.size(), "a request's length");
  const auto request = read_and_check(Bytes(frame).first(length));
  require(request.has_value() && request->request, "a request is not read as one");
  require(request->sender == message.sender, "who asks");
  require(request->sender_mac == mac, "the MAC of who asks");
  require(request->target == message.target, "who is asked for");
  require(request->vlan == message.vlan, "a request's tag");
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(neighbours) {
  // Of exactly its length, so that a read behind its end is seen.
  const std::vector<std::uint8_t> frame(bytes.begin(), bytes.end());
  const auto message = read_and_check(frame);
  if (!message) return;
  constexpr MacAddress kOurs{{2, 0, 0, 0, 0, 7}};
  check_request(*message, kOurs);
  if (message->request) check_answer(*message, kOurs);
}
