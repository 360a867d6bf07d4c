// One load, one duration, once for each frame size.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "settings/settings.h"
#include "trial/trial.h"

namespace wireproof {

struct PlannedTrial {
  TrafficProfile profile;
  std::string size_key;  // SizeChoice's
  TrialSpec spec;
};

// A trial for each size, at the load that the size's own bytes make of the rate. `line_rate_bps`: 0
// where the ports have none. Fails with kUsage.
[[nodiscard]] Result<std::vector<PlannedTrial>> plan_trials(const Settings& settings,
                                                            double line_rate_bps);

}  // namespace wireproof
