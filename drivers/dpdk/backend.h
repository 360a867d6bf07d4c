// The `dpdk` backend itself, in the module.
#pragma once

#include <memory>

#include "io/backend.h"

namespace wireproof::dpdk {

[[nodiscard]] std::unique_ptr<Backend> make_backend();

}  // namespace wireproof::dpdk
