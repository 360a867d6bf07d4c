// wireproof calibrate: what the tester alone can do, over a bare cable between its two ports.
#pragma once

#include "settings/settings.h"
#include "tools/session.h"

namespace wireproof {

// For each frame size and direction a floor (the delay at a gentle rate) and a ceiling (the highest
// lossless load), kept for later results. Returns the exit code; the report is written.
[[nodiscard]] int run_calibrate(const Settings& settings, const Session& session);

}  // namespace wireproof
