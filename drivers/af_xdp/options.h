// What a user may ask of an AF_XDP port behind the device's name.
#pragma once

#include "base/result.h"
#include "io/backend.h"

namespace wireproof::af_xdp {

enum class ZeroCopy { kAuto, kRequire, kOff };
enum class AttachMode { kAuto, kNative, kGeneric };

struct Options {
  // zero-copy=: auto takes it where the driver grants it, require refuses the port otherwise.
  ZeroCopy zero_copy = ZeroCopy::kAuto;
  // mode=: where the XDP program runs. auto is the driver (native), or, for a driver without XDP,
  // the kernel behind it (generic).
  AttachMode attach = AttachMode::kAuto;
  // hints=: auto takes the NIC's own stamps where kernel, driver and frame offer them.
  bool hints = true;
};

// Fails with kUsage on an unknown key or value.
[[nodiscard]] Result<Options> parse_options(const PortSpec& port);

}  // namespace wireproof::af_xdp
