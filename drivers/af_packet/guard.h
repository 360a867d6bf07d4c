// Keeps the steered frames from climbing into the host's own stack: see af_packet.h.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/backend.h"
#include "io/linux_interface.h"

namespace wireproof::af_packet {

// Works from a successful arm to destruction. The kernel undoes a tcx guard when the process dies;
// a clsact guard is journalled (base/journal.h).
class Guard {
 public:
  virtual ~Guard() = default;
  [[nodiscard]] virtual const char* kind() const = 0;  // "tcx", "clsact"
};

// Both fail (kPrecondition) without CAP_BPF and CAP_NET_ADMIN, or on a kernel without the hook.
[[nodiscard]] Result<std::unique_ptr<Guard>> arm_tcx(const LinuxInterface& interface,
                                                     const Steering& steering);
[[nodiscard]] Result<std::unique_ptr<Guard>> arm_clsact(const LinuxInterface& interface,
                                                        const Steering& steering);

}  // namespace wireproof::af_packet
