// The highest load that meets a loss goal, for each frame size and goal.
#pragma once

#include "base/result.h"
#include "job/search_run.h"
#include "settings/settings.h"

namespace wireproof {

// A search for each size and goal, between the loads that the size's own bytes make of the rates.
// `line_rate_bps`: 0 where the ports have none. Fails with kUsage.
[[nodiscard]] Result<SearchRun> plan_searches(const Settings& settings, double line_rate_bps);

}  // namespace wireproof
