#include "io_uring/endpoint.h"

#include <fmt/format.h>

#include <cstring>

#include "base/units.h"

namespace wireproof::sockets {
namespace {

constexpr const char* kForms =
    "write io_uring:ADDR:PORT, for example io_uring:127.0.0.1:9000 or "
    "io_uring:[::1]:9000";

bool is_link_local(const IpAddress& ip) {
  return ip.v6 && ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
}

Status check_address(const std::string& text, const IpAddress& ip) {
  if (ip.is_zero()) {
    return fail(ErrorKind::kUsage, fmt::format("{} is no address of one host", quote(text)),
                "name the address the test frames shall be sent to");
  }
  if (ip.is_multicast()) {
    return fail(ErrorKind::kUsage, fmt::format("{} is a multicast address", quote(text)),
                "tests run between two hosts: name a unicast address");
  }
  if (is_link_local(ip)) {
    return fail(ErrorKind::kUsage, fmt::format("{} is link-local", quote(text)),
                "give the interface a global or unique local address (fd00::/8) and name that");
  }
  return {};
}

}  // namespace

Result<IpEndpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.size() > 2 && text.front() == '[' && colon != std::string::npos &&
                         colon > 0 && text[colon - 1] == ']';
  const std::string host = colon == std::string::npos ? text
                           : bracketed                ? text.substr(1, colon - 2)
                                                      : text.substr(0, colon);
  const std::optional<IpAddress> ip = parse_ip(host);
  if (colon == std::string::npos || !ip || ip->v6 != bracketed) {
    return fail(ErrorKind::kUsage, fmt::format("{} is not ADDR:PORT", quote(text)), kForms);
  }
  if (const Status status = check_address(text, *ip); !status) {
    return tl::unexpected(status.error());
  }
  const auto port = parse_count("PORT", text.substr(colon + 1), 0, 65535);
  if (!port) return tl::unexpected(port.error());
  return IpEndpoint{*ip, static_cast<std::uint16_t>(*port)};
}

std::string format_endpoint(const IpEndpoint& endpoint) {
  const std::string host = format_ip(endpoint.ip);
  return fmt::format("{}:{}", endpoint.ip.v6 ? "[" + host + "]" : host, endpoint.l4_port);
}

SocketAddress to_kernel(const IpEndpoint& endpoint) {
  SocketAddress address;
  if (endpoint.ip.v6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.l4_port);
    std::memcpy(&v6.sin6_addr, endpoint.ip.bytes.data(), 16);
    std::memcpy(&address.storage, &v6, sizeof(v6));
    address.length = sizeof(v6);
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.l4_port);
    std::memcpy(&v4.sin_addr, endpoint.ip.bytes.data(), 4);
    std::memcpy(&address.storage, &v4, sizeof(v4));
    address.length = sizeof(v4);
  }
  return address;
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
  // The port lies at the same place in both families.
  sockaddr_in v4{};
  std::memcpy(&v4, &storage, sizeof(v4));
  return ntohs(v4.sin_port);
}

}  // namespace wireproof::sockets
