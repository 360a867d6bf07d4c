// What `wireproof dut` makes of its settings.
#pragma once

#include <string>

#include "engine/forward_path.h"
#include "report/document.h"
#include "settings/settings.h"

namespace wireproof {

// One direction, its pool sized for what the wire keeps inside.
[[nodiscard]] ForwardPathSpec path_spec(const DutSettings& settings, bool b_to_a);

// The effective configuration, by the keys of schema 1.0.
[[nodiscard]] Config describe_dut(const DutSettings& settings);

// "loss 0.1%, seed 3", or "as they are".
[[nodiscard]] std::string describe_wire(const WireSpec& wire);

}  // namespace wireproof
