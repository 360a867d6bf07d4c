// Addresses of sockets: text, our own type, the kernel's.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "base/result.h"
#include "io/backend.h"

namespace wireproof::sockets {

// "198.18.0.1:9000" or "[2001:db8::1]:9000". Fails with kUsage: shape, port range, an address that
// names no single host (any, multicast), or a link-local one, which would need an interface.
[[nodiscard]] Result<IpEndpoint> parse_endpoint(const std::string& text);
[[nodiscard]] std::string format_endpoint(const IpEndpoint& endpoint);

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
[[nodiscard]] SocketAddress to_kernel(const IpEndpoint& endpoint);
// The port the kernel gave a bound socket; 0 when it has none.
[[nodiscard]] std::uint16_t bound_port(int fd);

}  // namespace wireproof::sockets
