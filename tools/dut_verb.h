// wireproof dut: a device whose behaviour is known to the frame, to test a tester with.
#pragma once

#include "settings/settings.h"
#include "tools/session.h"

namespace wireproof {

// Forwards until a signal comes (its ordinary end: exit code 0) or the duration is over. Returns
// the exit code; log and report are written.
[[nodiscard]] int run_dut(const Settings& settings, const Session& session);

}  // namespace wireproof
