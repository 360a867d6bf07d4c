// How a search goal is written: a name that the field knows, or RFC 9971's own notation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "settings/settings.h"

namespace wireproof {

// "ndr", "pdr", "loss=0.1%": a loss ratio, by trials of the durations that the search has anyway.
// "rfc2544", "tst009", "csit" (two goals, "csit-ndr" and "csit-pdr"), or any such in full, as
// "60f120d0.5l50e": trials of 60 s (f) that come to 120 s (d), of which 50 % (e) may lose more than
// 0.5 % (l). kUsage.
[[nodiscard]] Result<std::vector<GoalChoice>> parse_goal(std::string_view name,
                                                         const std::string& text);

}  // namespace wireproof
