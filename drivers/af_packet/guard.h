// Keeps the steered frames from climbing into the host's own stack: see af_packet.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "io/backend.h"
#include "io/linux_interface.h"

namespace wireproof::af_packet {

// Works from a successful arm to destruction. The kernel undoes a tcx guard when the process dies;
// a clsact guard is journalled (base/journal.h).
class Guard {
 public:
  virtual ~Guard() = default;
  [[nodiscard]] virtual const char* kind() const = 0;  // "tcx", "clsact"
  // Frames let through that perhaps nobody listens for, since it was armed: neither IPv4 nor ARP.
  // The kernel may count them as dropped. Control thread.
  [[nodiscard]] std::uint64_t unheard() const;

 protected:
  explicit Guard(UniqueFd unheard) : unheard_(std::move(unheard)) {}

 private:
  UniqueFd unheard_;  // the program's per-CPU counter
};

// Both fail (kPrecondition) without CAP_BPF and CAP_NET_ADMIN, or on a kernel without the hook.
[[nodiscard]] Result<std::unique_ptr<Guard>> arm_tcx(const LinuxInterface& interface,
                                                     const Steering& steering);
[[nodiscard]] Result<std::unique_ptr<Guard>> arm_clsact(const LinuxInterface& interface,
                                                        const Steering& steering);

}  // namespace wireproof::af_packet
