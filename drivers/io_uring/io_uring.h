// UDP sockets: no privilege, any path IP reaches. The kernel owns the headers, so a frame is the
// UDP payload (DeviceFacts::layer kUdpPayload).
//
// Ports. `io_uring:ADDR:PORT`, `io_uring:[ADDR6]:PORT` receive at that address, which must be one
// of this host's; PORT 0 lets the kernel choose and facts().endpoint says what it chose. Queue i
// receives at PORT + i, and sends to the peer's PORT + i from a socket of its own, so that sender
// and receiver share nothing. The address is never shared with another process.
//
// Options. engine=auto|mmsg|io_uring: how datagrams are sent. `io_uring` is a batch of sends in one
// io_uring_enter, `mmsg` is sendmmsg; `auto` is io_uring where the kernel allows it. Both receive
// with recvmmsg. facts().mode says what was granted. Plain io_uring sends are no great gain:
// 18-byte datagrams over lo, kernel 6.18, bursts of 64, CPU time of the sender, median of 7 runs in
// turns: io_uring 1224 ns a frame, sendmmsg 1289 ns, where single runs differ by 20 % either way.
//
// Sizes. OpenSpec::buffer_len_max counts as elsewhere, from an Ethernet header: datagrams of
// buffer_len_max - 14 bytes must pass the path, which connect() checks. They leave with DF set;
// what the path no longer takes is not accepted (counter `tx_too_long`), never fragmented.
//
// Drops for want of room in the socket buffer are read from the kernel's own counter (SO_MEMINFO),
// which needs no later datagram to tell of it, as SO_RXQ_OVFL does; it may include datagrams with a
// bad checksum. The buffer asked for is ring_frames of the largest datagrams; counters().detail has
// what was granted. Arrivals are stamped by the kernel on the wall clock and moved to the monotonic
// axis by the difference read at the poll: a step of the wall clock in between moves them.
#pragma once

#include <memory>

#include "io/backend.h"

namespace wireproof {

[[nodiscard]] std::unique_ptr<Backend> make_io_uring_backend();

}  // namespace wireproof
