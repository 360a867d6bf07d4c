// Datagrams of rtnetlink: the walk over messages and attributes against the kernel's own macros
// (NLMSG_OK, RTA_OK), and what each message is taken for, whatever it holds.
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>
#include <vector>

#include "fuzz/fuzz.h"
#include "io/link_messages.h"
#include "io/netlink.h"

namespace wireproof::fuzz {
namespace {

using Piece = std::vector<std::byte>;

// What the macros look at is aligned as the kernel's buffers are.
struct Buffer {
  explicit Buffer(std::span<const std::byte> bytes)
      : words(bytes.size() / sizeof(std::uint32_t) + 1),
        length(static_cast<std::int64_t>(bytes.size())) {
    if (!bytes.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  }
  std::vector<std::uint32_t> words;
  std::int64_t length;
};

Piece piece(const void* from, std::size_t length) {
  const auto* first = static_cast<const std::byte*>(from);
  return {first, first + length};
}

struct Typed {
  std::uint16_t type;
  Piece value;
  friend bool operator==(const Typed&, const Typed&) = default;
};

std::vector<Typed> messages_by_macro(std::span<const std::byte> datagram) {
  Buffer buffer(datagram);
  std::vector<Typed> found;
  std::int64_t left = buffer.length;
  for (auto* at = reinterpret_cast<nlmsghdr*>(buffer.words.data()); NLMSG_OK(at, left);) {
    found.push_back({at->nlmsg_type, piece(reinterpret_cast<const std::byte*>(at) + NLMSG_HDRLEN,
                                           NLMSG_PAYLOAD(at, 0))});
    // NLMSG_NEXT would step behind the end where the last message is not padded.
    if (NLMSG_ALIGN(at->nlmsg_len) >= static_cast<std::uint64_t>(left)) break;
    at = NLMSG_NEXT(at, left);
  }
  return found;
}

std::vector<Typed> attributes_by_macro(std::span<const std::byte> payload, std::size_t header) {
  const std::size_t skipped = std::min<std::size_t>(NLMSG_ALIGN(header), payload.size());
  Buffer buffer(payload.subspan(skipped));
  std::vector<Typed> found;
  std::int64_t left = buffer.length;
  for (auto* at = reinterpret_cast<rtattr*>(buffer.words.data()); RTA_OK(at, left);) {
    const auto type = static_cast<std::uint16_t>(at->rta_type & NLA_TYPE_MASK);
    found.push_back({type, piece(RTA_DATA(at), RTA_PAYLOAD(at))});
    if (RTA_ALIGN(at->rta_len) >= static_cast<std::uint64_t>(left)) break;
    at = RTA_NEXT(at, left);
  }
  return found;
}

void compare_attributes(std::span<const std::byte> payload, std::size_t header) {
  std::vector<Typed> found;
  for_each_attribute(payload, header, [&](std::uint16_t type, auto value) {
    found.push_back({type, Piece(value.begin(), value.end())});
  });
  require(found == attributes_by_macro(payload, header), "attributes");
}

void take_message(const NetlinkAnswer& answer) {
  const std::size_t length = answer.payload.size();
  for (const std::size_t header :
       {std::size_t{0}, sizeof(ifinfomsg), sizeof(rtmsg), sizeof(ifaddrmsg), sizeof(tcmsg)}) {
    compare_attributes(answer.payload, header);
  }
  const LinuxInterface interface = link_of(answer);
  require(interface.name.size() <= length, "a name from nowhere");
  require(interface.name.find('\0') == std::string::npos, "a name with a zero in it");
  const LinkState state = link_state_of(answer);
  require(state.statistics.carrier_down_count <= std::numeric_limits<std::uint32_t>::max(),
          "carrier losses");
  require(length >= sizeof(ifinfomsg) || (interface.name.empty() && state.stands_on == 0),
          "something of a message that is shorter than its header");
  (void)is_default_route_over(answer, 2);
  const bool v4 = has_address(answer, *parse_ip("10.0.0.1"));
  const bool v6 = has_address(answer, *parse_ip("2001:db8::1"));
  require(length > sizeof(ifaddrmsg) || (!v4 && !v6), "an address from nowhere");
  require(neighbour_mac(answer, 0).is_zero(), "a neighbour in no state");
  (void)neighbour_mac(answer, ~0u);
  const TcFilter filter = tc_filter_of(answer);
  require(filter.program_name.size() <= length && filter.priority <= 0xffff, "a filter");
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(netlink) {
  const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());  // of exactly its length
  const auto datagram = std::as_bytes(std::span(copy));
  std::vector<Typed> messages;
  for_each_message(datagram, [&](const NetlinkAnswer& answer) {
    messages.push_back({answer.type, Piece(answer.payload.begin(), answer.payload.end())});
    return true;
  });
  require(messages == messages_by_macro(datagram), "messages");
  std::size_t answers = 0;
  const auto last = read_netlink_datagram(datagram, [&](const NetlinkAnswer& answer) {
    require(answer.type != NLMSG_DONE && answer.type != NLMSG_ERROR, "an end is no answer");
    require(answers < messages.size() && messages[answers].type == answer.type, "an answer's type");
    ++answers;
    take_message(answer);
  });
  if (!last) return require_refusal(last.error(), ErrorKind::kPrecondition);
  require(*last || answers == messages.size(), "answers that are not given on");
}
