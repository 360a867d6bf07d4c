// The sockets of one queue, their options and the sentences for when they are refused.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/unique_fd.h"
#include "io/backend.h"

namespace wireproof::sockets {

// Bound to `endpoint` alone, non-blocking, with room for `buffer_bytes` if the
// host allows. Fails with kPrecondition: port in use or privileged, address not of this host.
[[nodiscard]] Result<UniqueFd> open_receiver(const IpEndpoint& endpoint,
                                             std::uint64_t buffer_bytes);
// Has the kernel say with each datagram when it came (SO_TIMESTAMPING, software). False where it
// refuses.
[[nodiscard]] bool stamp_arrivals(int fd);
// Bound to `source` with a port the kernel chooses, non-blocking, DF set, with `dscp` (0..63) in
// the type of service or traffic class and `ttl` (1..255) as the time to live or hop limit.
[[nodiscard]] Result<UniqueFd> open_sender(const IpAddress& source, std::uint8_t dscp,
                                           std::uint8_t ttl);
// Directs a sender. Fails with kPrecondition when there is no route or the path takes less than
// `datagram_max` bytes from the IP header on.
[[nodiscard]] Status connect_sender(int fd, const IpEndpoint& peer, unsigned datagram_max);

[[nodiscard]] std::uint64_t receive_buffer_bytes(int fd);
// Datagrams the kernel dropped at this socket, modulo 2^32; kPrecondition when it does not say.
[[nodiscard]] Result<std::uint32_t> socket_drops(int fd);

}  // namespace wireproof::sockets
