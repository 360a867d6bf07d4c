// resolve_neighbour of linux_interface.h: asks on the wire itself, for the kernel's table may hold
// what was true before a device was exchanged, and knows nothing of what lies behind a tag.
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "io/backend.h"
#include "io/link_messages.h"
#include "io/linux_interface.h"
#include "io/neighbour_message.h"
#include "io/netlink.h"

namespace wireproof {
namespace {

constexpr std::uint16_t kDiscardPort = 9;
constexpr Nanoseconds kPatience = 3 * kSecond;  // three questions, one a second
constexpr Nanoseconds kAskAgain = kSecond;
constexpr Nanoseconds kLook = 50 * kMillisecond;  // whether anybody wants it ended
constexpr unsigned kPinned = NUD_PERMANENT | NUD_NOARP;
constexpr std::uint16_t kVlanIdMask = 0x0fff;

std::span<const std::byte> bytes_of(const IpAddress& ip) {
  return std::as_bytes(std::span(ip.bytes)).first(ip.v6 ? 16 : 4);
}

// What the kernel's table says: in one of these states, or in any. Zero: nothing.
MacAddress known_mac(const LinuxInterface& interface, const IpAddress& neighbour, unsigned states) {
  ndmsg wanted{};
  wanted.ndm_family = neighbour.v6 ? AF_INET6 : AF_INET;
  wanted.ndm_ifindex = static_cast<int>(interface.index);
  NetlinkRequest request(RTM_GETNEIGH, 0, wanted);
  request.add(NDA_DST, bytes_of(neighbour));
  MacAddress mac;
  const Status asked = netlink_ask(request, [&](const NetlinkAnswer& answer) {
    if (const MacAddress one = neighbour_mac(answer, states); !one.is_zero()) mac = one;
  });
  return asked ? mac : MacAddress{};
}

// The address of ours that the kernel would send from; zero: it knows no way.
IpAddress source_towards(const LinuxInterface& interface, const IpAddress& neighbour) {
  IpAddress source{.v6 = neighbour.v6};
  const int family = neighbour.v6 ? AF_INET6 : AF_INET;
  const UniqueFd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.name.c_str(),
                            static_cast<socklen_t>(interface.name.size())) != 0) {
    return source;
  }
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  sockaddr* address = reinterpret_cast<sockaddr*>(&v4);
  socklen_t length = sizeof v4;
  if (neighbour.v6) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(kDiscardPort);
    v6.sin6_scope_id = interface.index;
    std::memcpy(&v6.sin6_addr, neighbour.bytes.data(), 16);
    address = reinterpret_cast<sockaddr*>(&v6);
    length = sizeof v6;
  } else {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(kDiscardPort);
    std::memcpy(&v4.sin_addr, neighbour.bytes.data(), 4);
  }
  if (connect(socket.get(), address, length) != 0) return source;  // nothing is sent by it
  if (getsockname(socket.get(), address, &length) != 0) return source;
  if (neighbour.v6) {
    std::memcpy(source.bytes.data(), &v6.sin6_addr, 16);
  } else {
    std::memcpy(source.bytes.data(), &v4.sin_addr, 4);
  }
  return source;
}

// ARP, and ICMPv6 without extension headers. The kernel has taken a tag away by then.
constexpr std::array<sock_filter, 6> kFilter = {{
    {BPF_LD | BPF_H | BPF_ABS, 0, 0, 12},
    {BPF_JMP | BPF_JEQ | BPF_K, 3, 0, ETH_P_ARP},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ETH_P_IPV6},
    {BPF_LD | BPF_B | BPF_ABS, 0, 0, 20},
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, IPPROTO_ICMPV6},
    {BPF_RET | BPF_K, 0, 0, 0xffff},
}};
constexpr sock_filter kRefuse = {BPF_RET | BPF_K, 0, 0, 0};

// Sees every such frame of the interface, whatever its tag, before anybody else takes it.
Result<UniqueFd> open_ear(const LinuxInterface& interface) {
  const auto refused = [&] {
    const int cause = errno;
    return fail(
        ErrorKind::kPrecondition,
        fmt::format("cannot ask for neighbours on {}: {}", interface.name, std::strerror(cause)),
        "name the neighbour's MAC", cause);
  };
  UniqueFd ear(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!ear) return refused();
  std::array<sock_filter, kFilter.size() + 1> code{};
  std::copy(kFilter.begin(), kFilter.end(), code.begin());
  code.back() = kRefuse;
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  const int on = 1;
  sockaddr_ll here{};
  here.sll_family = AF_PACKET;
  here.sll_protocol = htons(ETH_P_ALL);
  here.sll_ifindex = static_cast<int>(interface.index);
  if (setsockopt(ear.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
      setsockopt(ear.get(), SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) != 0 ||
      bind(ear.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) {
    return refused();
  }
  return ear;
}

// The tag that the kernel took away: its id; 0 is none (a priority alone).
std::uint16_t tag_of(msghdr& message) {
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level != SOL_PACKET || at->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata data{};
    std::memcpy(&data, CMSG_DATA(at), sizeof data);
    if ((data.tp_status & TP_STATUS_VLAN_VALID) != 0) return data.tp_vlan_tci & kVlanIdMask;
  }
  return 0;
}

// One frame from the socket; nullopt: there is none, or it is no answer about `neighbour` under
// this tag. `more`: there may be others.
std::optional<MacAddress> hear(int ear, const IpAddress& neighbour, std::uint16_t vlan,
                               bool& more) {
  std::array<std::uint8_t, 256> frame{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
  iovec vector{frame.data(), frame.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(ear, &message, 0);
  more = length >= 0;
  if (length <= 0) return std::nullopt;
  const auto answer = read_neighbour_message(
      std::span<const std::uint8_t>(frame).first(static_cast<std::size_t>(length)));
  if (!answer || answer->request || answer->target != neighbour) return std::nullopt;
  const std::uint16_t tag = answer->vlan ? *answer->vlan & kVlanIdMask : tag_of(message);
  if (tag != vlan) return std::nullopt;
  return answer->target_mac;
}

// Until somebody answers, a few seconds. Zero: nobody did.
Result<MacAddress> ask(const LinuxInterface& interface, const IpAddress& own,
                       const IpAddress& neighbour, const std::optional<std::uint16_t>& vlan,
                       StopFlag stop) {
  const Result<UniqueFd> ear = open_ear(interface);
  if (!ear) return tl::unexpected(ear.error());
  NeighbourFrame question;
  const std::size_t length = write_neighbour_request(question, own, interface.mac, neighbour, vlan);
  const MonotonicClock clock;
  const Nanoseconds deadline = clock.now() + kPatience;
  Nanoseconds ask_at = clock.now();
  for (Nanoseconds now = ask_at; now < deadline; now = clock.now()) {
    if (now >= ask_at) {
      if (::send(ear->get(), question.data(), length, 0) < 0 && errno != EAGAIN &&
          errno != ENOBUFS) {
        const int cause = errno;
        return fail(ErrorKind::kPrecondition,
                    fmt::format("cannot ask for {} on {}: {}", format_ip(neighbour), interface.name,
                                std::strerror(cause)),
                    "name the neighbour's MAC", cause);
      }
      ask_at = now + kAskAgain;
    }
    pollfd waiting{ear->get(), POLLIN, 0};
    constexpr Nanoseconds kStep = kMillisecond;
    const Nanoseconds left = std::min(std::min(ask_at, deadline) - now, kLook);
    ::poll(&waiting, 1, static_cast<int>((left + kStep - 1) / kStep));
    if (stop_asked(stop)) {
      return stopped_while(
          fmt::format("asking {} for its MAC on {}", format_ip(neighbour), interface.name));
    }
    for (bool more = true; more;) {
      const auto mac = hear(ear->get(), neighbour, vlan.value_or(0), more);
      if (mac && !mac->is_zero()) return *mac;
    }
  }
  return MacAddress{};
}

Result<MacAddress> unicast(const LinuxInterface& interface, const IpAddress& neighbour,
                           const MacAddress& mac, const char* says, const char* cure) {
  if (!mac.is_multicast()) return mac;
  return fail(ErrorKind::kPrecondition,
              fmt::format("{} on {} gives the group address {} for {}", says, interface.name,
                          format_mac(mac), format_ip(neighbour)),
              cure);
}

}  // namespace

NeighbourQuestion question_from(const OpenSpec& spec) {
  NeighbourQuestion question{.vlan = spec.vlan, .stop = spec.stop};
  if (spec.own_addresses) question.own = spec.own_addresses->address;
  return question;
}

Result<MacAddress> resolve_neighbour(const LinuxInterface& interface, const IpAddress& neighbour,
                                     const NeighbourQuestion& question) {
  if (!question.vlan) {
    const MacAddress pinned = known_mac(interface, neighbour, kPinned);
    if (!pinned.is_zero()) {
      return unicast(interface, neighbour, pinned, "the permanent entry in the neighbour table",
                     "delete that entry: ip neigh del");
    }
  }
  IpAddress own{.v6 = neighbour.v6};
  if (!question.vlan) own = source_towards(interface, neighbour);
  const bool given = question.own && question.own->v6 == neighbour.v6;
  if (own.is_zero() && given) own = *question.own;
  own.v6 = neighbour.v6;
  if (own.is_zero() && !given) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("no route to {} through {}", format_ip(neighbour), interface.name),
                "give the interface an address in the neighbour's network, or name its MAC");
  }
  Result<MacAddress> mac = ask(interface, own, neighbour, question.vlan, question.stop);
  if (!mac) return mac;
  if (!mac->is_zero()) {
    return unicast(interface, neighbour, *mac, "the answer", "name a unicast MAC");
  }
  const MacAddress believed = question.vlan ? MacAddress{} : known_mac(interface, neighbour, ~0u);
  const std::string stale =
      believed.is_zero()
          ? ""
          : fmt::format(" (the kernel's table has {} for it, not confirmed)", format_mac(believed));
  const std::string tag = question.vlan ? fmt::format(" under VLAN {}", *question.vlan) : "";
  return fail(ErrorKind::kPrecondition,
              fmt::format("neighbour {} does not answer on {}{}{}", format_ip(neighbour),
                          interface.name, tag, stale),
              "check the address and the cable, or name the neighbour's MAC", EHOSTUNREACH);
}

}  // namespace wireproof
