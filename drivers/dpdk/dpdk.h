// The `dpdk` backend as the program sees it: a loader. What speaks to DPDK lives in a module of its
// own, wireproof-dpdk.so, so that the program starts in milliseconds and needs no DPDK; the module
// is loaded when a port of this backend is asked for, or probed.
#pragma once

#include <memory>

#include "io/backend.h"

namespace wireproof {

[[nodiscard]] std::unique_ptr<Backend> make_dpdk_backend();

}  // namespace wireproof
