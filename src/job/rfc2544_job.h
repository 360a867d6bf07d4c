// The tests of RFC 2544, for each frame size.
#pragma once

#include "base/result.h"
#include "settings/settings.h"
#include "suite/suite_run.h"

namespace wireproof {

// Sizes and durations; loads as far as they do not hang on what the tester can. `line_rate_bps`: of
// the ports, 0 where they have none. Fails with kUsage.
[[nodiscard]] Result<SuiteRun> plan_suite(const Settings& settings, double line_rate_bps);

}  // namespace wireproof
