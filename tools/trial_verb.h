// wireproof trial: one load, one duration, once for each frame size.
#pragma once

#include "tools/session.h"
#include "tools/settings.h"

namespace wireproof {

// Returns the exit code; the report is written.
[[nodiscard]] int run_trial(const TrialSettings& settings, const Session& session);

}  // namespace wireproof
