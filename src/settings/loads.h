// What a test sends at each of its frame sizes, and a rate as the user gives it in frames a second.
#pragma once

#include <string_view>

#include "base/result.h"
#include "settings/settings.h"

namespace wireproof {

// The traffic of the test, in frames of that size.
[[nodiscard]] TrafficProfile profile_of(const TestSettings& test, const SizeChoice& choice);

// Frames a second of a rate other than max, for frames of that mean size, with the layer and the
// tag of `test`. Layer 3 is what Ethernet header, tag and FCS leave. Fails with kUsage for a
// percentage where there is no line rate, and for less than the rate of one frame in 10 s. `name`:
// the setting to blame.
[[nodiscard]] Result<double> rate_to_fps(const Rate& rate, std::string_view name,
                                         const TestSettings& test, double frame_size,
                                         double line_rate_bps);

// Refuses a load that is not one frame in that time: kUsage.
[[nodiscard]] Status check_sends(double fps, Nanoseconds duration, std::string_view name);

}  // namespace wireproof
