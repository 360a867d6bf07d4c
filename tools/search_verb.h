// wireproof search: the highest load that meets a loss goal, for each frame size and goal.
#pragma once

#include "tools/search_run.h"
#include "tools/session.h"
#include "tools/settings.h"

namespace wireproof {

// A search for each size and goal, between the loads that the size's own bytes make of the rates.
// `line_rate_bps`: 0 where the ports have none. Fails with kUsage.
[[nodiscard]] Result<SearchRun> plan_searches(const SearchSettings& settings, double line_rate_bps);

// Returns the exit code; the report is written.
[[nodiscard]] int run_search(const SearchSettings& settings, const Session& session);

}  // namespace wireproof
