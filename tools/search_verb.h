// wireproof search: the highest load that meets a loss goal, for each frame size and goal.
#pragma once

#include "tools/session.h"
#include "tools/settings.h"

namespace wireproof {

// Returns the exit code; the report is written.
[[nodiscard]] int run_search(const SearchSettings& settings, const Session& session);

}  // namespace wireproof
