// resolve_neighbour of linux_interface.h: the kernel's ARP and neighbour-discovery tables.
#include <fmt/format.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "io/linux_interface.h"
#include "io/netlink.h"

namespace wireproof {
namespace {

constexpr std::uint16_t kDiscardPort = 9;
constexpr Nanoseconds kPatience = 3 * kSecond;  // three ARP requests, one a second
constexpr Nanoseconds kAskAgain = 20 * kMillisecond;
constexpr unsigned kResolved =
    NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;

std::span<const std::byte> bytes_of(const IpAddress& ip) {
  return std::as_bytes(std::span(ip.bytes)).first(ip.v6 ? 16 : 4);
}

// Zero where the kernel does not know it (yet).
MacAddress known_mac(const LinuxInterface& interface, const IpAddress& neighbour) {
  ndmsg wanted{};
  wanted.ndm_family = neighbour.v6 ? AF_INET6 : AF_INET;
  wanted.ndm_ifindex = static_cast<int>(interface.index);
  NetlinkRequest request(RTM_GETNEIGH, 0, wanted);
  request.add(NDA_DST, bytes_of(neighbour));
  MacAddress mac;
  const Status asked = netlink_ask(request, [&](const NetlinkAnswer& answer) {
    const auto entry = answer.header<ndmsg>();
    if ((entry.ndm_state & kResolved) == 0) return;
    for_each_attribute(answer.payload, sizeof entry, [&](std::uint16_t type, auto value) {
      if (type == NDA_LLADDR && value.size() == mac.bytes.size()) {
        std::memcpy(mac.bytes.data(), value.data(), value.size());
      }
    });
  });
  return asked ? mac : MacAddress{};
}

// Makes the kernel ask on the wire: one byte to the discard port, out of this interface.
int send_probe(const LinuxInterface& interface, const IpAddress& neighbour) {
  const int family = neighbour.v6 ? AF_INET6 : AF_INET;
  const UniqueFd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno;
  if (setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.name.c_str(),
                 static_cast<socklen_t>(interface.name.size())) != 0) {
    return errno;
  }
  sockaddr_storage storage{};
  socklen_t length = 0;
  if (neighbour.v6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(kDiscardPort);
    std::memcpy(&to.sin6_addr, neighbour.bytes.data(), 16);
    to.sin6_scope_id = interface.index;
    std::memcpy(&storage, &to, length = sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(kDiscardPort);
    std::memcpy(&to.sin_addr, neighbour.bytes.data(), 4);
    std::memcpy(&storage, &to, length = sizeof to);
  }
  const char byte = 0;
  const ssize_t sent =
      ::sendto(socket.get(), &byte, 1, 0, reinterpret_cast<const sockaddr*>(&storage), length);
  return sent < 0 && errno != EAGAIN ? errno : 0;
}

}  // namespace

Result<MacAddress> resolve_neighbour(const LinuxInterface& interface, const IpAddress& neighbour) {
  const MonotonicClock clock;
  const Nanoseconds deadline = clock.now() + kPatience;
  MacAddress mac = known_mac(interface, neighbour);
  if (mac.is_zero()) {
    if (const int error = send_probe(interface, neighbour); error != 0) {
      return fail(
          ErrorKind::kPrecondition,
          fmt::format("there is no way to {} through {}", format_ip(neighbour), interface.name),
          "give the interface an address in the neighbour's network, or name its MAC", error);
    }
  }
  while (mac.is_zero() && clock.now() < deadline) {
    clock.sleep_until(clock.now() + kAskAgain);
    mac = known_mac(interface, neighbour);
  }
  if (mac.is_zero()) {
    return fail(
        ErrorKind::kPrecondition,
        fmt::format("neighbour {} does not answer on {}", format_ip(neighbour), interface.name),
        "check the address and the cable, or name the neighbour's MAC", EHOSTUNREACH);
  }
  if (mac.is_multicast()) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("the neighbour table of {} gives {} the group address {}",
                            interface.name, format_ip(neighbour), format_mac(mac)),
                "delete that entry: ip neigh del");
  }
  return mac;
}

}  // namespace wireproof
