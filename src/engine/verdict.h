// pass, fail or invalid: whether a trial's counts say something about the device under test.
#pragma once

#include "trial/trial.h"

namespace wireproof {

struct VerdictLimits {
  // A trial is invalid when more than this share of the intended frames, and more than one burst,
  // were not offered.
  double unsent_ratio = 0.001;
  std::uint32_t burst = 32;
  std::uint32_t burst_allowed = 32;  // --burst
  // A link went down and came back, and that is what was measured: what could not be sent, and what
  // was dropped on the way into the link, is a part of it.
  bool link_went = false;
  bool isolated = false;  // no other program runs on the tester's cores
};

// Sets verdict and reason from the counts, the attribution and `interrupted`. A verdict of kFail
// means: what was intended was offered, nothing of ours dropped it, and it did not come back.
void judge(TrialResult& result, const VerdictLimits& limits);

}  // namespace wireproof
