// The backends this build has, in order of preference, and those it lacks and why. Meson writes
// the one function that fills it (enabled_backends, from tools/backends.cc.in): no static
// registration, no preprocessor choice. main passes the set down; a test passes its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/backend.h"

namespace wireproof {

struct LeftOut {
  std::string name;
  std::string reason;  // "libxdp not found", "switched off by -Daf_xdp=disabled"
};

struct BackendSet {
  std::vector<std::unique_ptr<Backend>> backends;
  std::vector<LeftOut> left_out;

  // nullptr when this build has no such backend.
  [[nodiscard]] Backend* find(std::string_view name) const;
};

// The backend that is to open this port: the one it names, or the first usable one that opens
// network interfaces. Fails with kUsage (unknown) or kPrecondition (why it cannot be used).
[[nodiscard]] Result<Backend*> choose_backend(const BackendSet& set, const PortSpec& port);

// By the backend it names; without one, and where this build lacks it: an interface of the kernel.
[[nodiscard]] PortNature nature_of(const BackendSet& set, const PortSpec& port);

// Opens a port with the backend it names, or, when it names none, with the first in order of
// preference that probes usable and opens l2 devices by interface name. Fails with kUsage on an
// unknown backend (naming the nearest), kPrecondition when the probe refuses, or when another run
// of this program has the port open (io/port_claim.h).
[[nodiscard]] Result<std::unique_ptr<Device>> open_port(const BackendSet& set, const PortSpec& port,
                                                        const OpenSpec& spec);

// "BACKEND:DEVICE[,key=value...]"; a text without a known backend's name before the first colon is
// a device alone. PCI and IP addresses hold colons too, hence the set. Fails with kUsage.
[[nodiscard]] Result<PortSpec> parse_port_spec(const BackendSet& set, std::string_view text);

}  // namespace wireproof
