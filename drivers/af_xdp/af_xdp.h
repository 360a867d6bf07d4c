// The AF_XDP backend: one socket per queue of a network interface, zero-copy where the driver
// grants it, steered by our own XDP program. Needs CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF.
// Options of a port: zero-copy=auto|require|off, mode=auto|native|generic.
#pragma once

#include <memory>

#include "io/backend.h"

namespace wireproof {

[[nodiscard]] std::unique_ptr<Backend> make_af_xdp_backend();

}  // namespace wireproof
