// Which of the capabilities that AF_XDP needs this process holds (man 7 capabilities).
#pragma once

#include <string>
#include <vector>

namespace wireproof::af_xdp {

// The names of those that are missing among CAP_NET_RAW (the socket and its memory), CAP_NET_ADMIN
// and CAP_BPF (program, map, link); empty when all are there.
[[nodiscard]] std::vector<std::string> missing_capabilities();

// CAP_IPC_LOCK: memory for sockets is then not charged to RLIMIT_MEMLOCK.
[[nodiscard]] bool may_lock_any_memory();

}  // namespace wireproof::af_xdp
