// One DPDK port as a Device.
#pragma once

#include <memory>

#include "eal.h"
#include "io/backend.h"
#include "kernel_port.h"
#include "options.h"

namespace wireproof::dpdk {

// Configures and starts `port`, which is attached and which the device detaches at its end; on
// failure it is detached here. `below`: the kernel's interfaces that it sits on. Fails with kUsage
// or kPrecondition.
[[nodiscard]] Result<std::unique_ptr<Device>> open_device(std::uint16_t port,
                                                          const Options& options,
                                                          const OpenSpec& spec, Pages pages,
                                                          KernelPort below);

}  // namespace wireproof::dpdk
