// What the texts of `wireproof dut` mean.
#pragma once

#include <optional>
#include <string>

#include "engine/forwarder.h"
#include "report/document.h"
#include "tools/options.h"

namespace wireproof {

struct DutSettings {
  std::string a, b;  // ports as typed
  bool allow_mgmt_interface = false;
  WireSpec wire;
  bool impair_a_to_b = true;
  bool impair_b_to_a = true;
  std::string log;  // path; empty: none
  std::uint32_t log_frames = 4'000'000;
  Nanoseconds duration = 0;  // 0: until a signal
  std::optional<unsigned> core;
  IdlePolicy idle = IdlePolicy::kSleep;
  std::uint32_t ring_frames = 4096;
};

// Fails with kUsage.
[[nodiscard]] Result<DutSettings> dut_settings(const DutText& text);

// One direction, its pool sized for what the wire keeps inside.
[[nodiscard]] ForwardPathSpec path_spec(const DutSettings& settings, bool b_to_a);

[[nodiscard]] Config describe_dut(const DutSettings& settings);

// "loss 0.1%, seed 3", or "as they are".
[[nodiscard]] std::string describe_wire(const WireSpec& wire);

}  // namespace wireproof
