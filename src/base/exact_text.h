// Values as the number grammar (base/units.h) takes them, without a loss: what is written is read
// back equal. For people, units.h's format_...() round.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/units.h"

namespace wireproof {

[[nodiscard]] std::string exact_duration(Nanoseconds duration);  // "1500ms", "0"
[[nodiscard]] std::string exact_ratio(double ratio);             // "0.005"
[[nodiscard]] std::string exact_rate(const Rate& rate);          // "1500pps", "50%", "max"
[[nodiscard]] std::string exact_cpus(const CpuList& cpus);       // "2,3,7"

}  // namespace wireproof
