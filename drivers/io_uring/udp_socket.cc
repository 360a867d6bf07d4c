#include "io_uring/udp_socket.h"

#include <fmt/format.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/system_error.h"
#include "io_uring/endpoint.h"

namespace wireproof::sockets {
namespace {

tl::unexpected<Error> refused(const std::string& what, std::string hint = {}) {
  const int cause = errno;
  return tl::unexpected(system_error(what, cause, std::move(hint)));
}

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

// Beyond rmem_max only with CAP_NET_ADMIN; what was granted is stated, not demanded.
void raise_buffer(int fd, int forced, int plain, std::uint64_t bytes) {
  // The kernel doubles what it is given, to cover its own overhead (socket(7)).
  const auto half =
      static_cast<int>(std::min<std::uint64_t>(bytes / 2, std::numeric_limits<int>::max() / 2));
  if (!set_option(fd, SOL_SOCKET, forced, half)) set_option(fd, SOL_SOCKET, plain, half);
}

std::string bind_cure(const IpEndpoint& endpoint) {
  switch (errno) {
    case EADDRINUSE:
      return fmt::format("'ss -ulnp sport = {}' shows who has it; choose another port, or 0",
                         endpoint.l4_port);
    case EADDRNOTAVAIL:
      return "name an address of this host: 'ip -brief address' lists them";
    case EACCES:
    case EPERM:
      return "choose a port of 1024 or above, or run with CAP_NET_BIND_SERVICE";
    default:
      return {};
  }
}

Result<UniqueFd> open_bound(const IpEndpoint& endpoint) {
  UniqueFd fd(socket(endpoint.ip.v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                     IPPROTO_UDP));
  if (!fd) return refused("no UDP socket");
  if (endpoint.ip.v6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  const SocketAddress address = to_kernel(endpoint);
  if (bind(fd.get(), address.get(), address.length) != 0) {
    const std::string cure = bind_cure(endpoint);
    return refused(fmt::format("cannot bind {}", format_endpoint(endpoint)), cure);
  }
  return fd;
}

}  // namespace

Result<UniqueFd> open_receiver(const IpEndpoint& endpoint, std::uint64_t buffer_bytes) {
  Result<UniqueFd> fd = open_bound(endpoint);
  if (!fd) return fd;
  raise_buffer(fd->get(), SO_RCVBUFFORCE, SO_RCVBUF, buffer_bytes);
  return fd;
}

bool stamp_arrivals(int fd) {
  return set_option(fd, SOL_SOCKET, SO_TIMESTAMPING,
                    SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
}

Result<UniqueFd> open_sender(const IpAddress& source, std::uint8_t dscp, std::uint8_t ttl) {
  Result<UniqueFd> fd = open_bound({source, 0});
  if (!fd) return fd;
  const bool never_fragment =
      source.v6 ? set_option(fd->get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO)
                : set_option(fd->get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  if (!never_fragment) return refused("the kernel would fragment datagrams");
  // Without it the kernel hides what its own queueing discipline or egress filter threw away
  // (`udp_send_skb` forgets ENOBUFS), and the device would be charged with that.
  const bool told = source.v6 ? set_option(fd->get(), IPPROTO_IPV6, IPV6_RECVERR, 1)
                              : set_option(fd->get(), IPPROTO_IP, IP_RECVERR, 1);
  if (!told) return refused("the kernel hides what it drops before the wire");
  constexpr int kBelowDscp = 2;  // two bits of congestion notification (RFC 3168)
  const bool marked = source.v6
                          ? set_option(fd->get(), IPPROTO_IPV6, IPV6_TCLASS, dscp << kBelowDscp) &&
                                set_option(fd->get(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl)
                          : set_option(fd->get(), IPPROTO_IP, IP_TOS, dscp << kBelowDscp) &&
                                set_option(fd->get(), IPPROTO_IP, IP_TTL, ttl);
  if (!marked) return refused("the kernel does not set DSCP and TTL of a socket");
  return fd;
}

Status connect_sender(int fd, const IpEndpoint& peer, unsigned datagram_max) {
  const SocketAddress address = to_kernel(peer);
  if (connect(fd, address.get(), address.length) != 0) {
    return refused(
        fmt::format("no way to {}", format_endpoint(peer)),
        fmt::format("'ip route get {}' shows what the kernel lacks", format_ip(peer.ip)));
  }
  int mtu = 0;
  socklen_t length = sizeof(mtu);
  const int read = peer.ip.v6 ? getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &length)
                              : getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &length);
  if (read == 0 && static_cast<unsigned>(mtu) < datagram_max) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("the path to {} has an MTU of {}, the largest frame needs {}",
                            format_endpoint(peer), mtu, datagram_max),
                "test with smaller frames, or raise the MTU on the way");
  }
  return {};
}

std::uint64_t receive_buffer_bytes(int fd) {
  int bytes = 0;
  socklen_t length = sizeof(bytes);
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &length);
  return static_cast<std::uint64_t>(bytes);
}

Result<std::uint32_t> socket_drops(int fd) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> values{};
  socklen_t length = sizeof(values);
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values.data(), &length) != 0 ||
      length <= SK_MEMINFO_DROPS * sizeof(values[0])) {
    return refused("the kernel does not count this socket's drops");
  }
  return values[SK_MEMINFO_DROPS];
}

}  // namespace wireproof::sockets
