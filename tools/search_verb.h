// wireproof search: the highest load that meets a loss goal, for each frame size and goal.
#pragma once

#include "settings/settings.h"
#include "tools/search_run.h"
#include "tools/session.h"

namespace wireproof {

// A search for each size and goal, between the loads that the size's own bytes make of the rates.
// `line_rate_bps`: 0 where the ports have none. Fails with kUsage.
[[nodiscard]] Result<SearchRun> plan_searches(const Settings& settings, double line_rate_bps);

// Returns the exit code; the report is written.
[[nodiscard]] int run_search(const Settings& settings, const Session& session);

}  // namespace wireproof
