// What the tester achieved in the invalid trials of one load: its limit, or a disturbance. Private
// to src/search.
#pragma once

#include <algorithm>
#include <cmath>

#include "trial/derive.h"

namespace wireproof {

// More than any tester offers.
inline constexpr double kUnboundedFps = 1e12;

// A disturbance makes loads invalid that the device carries, and those just above what it carries
// still fail. Trials above a load that was given up as disturbed, and the n-th of them: 1, 8 and
// 64 % above what came back, at a precision of 0.5 %.
inline constexpr unsigned kTrialsAbove = 3;
[[nodiscard]] inline double load_above(double came_back_fps, double precision, unsigned n) {
  constexpr double kFirst = 2;  // precisions
  constexpr double kFactor = 8;
  return came_back_fps * (1 + kFirst * precision * std::pow(kFactor, n));
}

struct Achieved {
  double offered_fps = 0;            // the best
  double forwarded_fps = 0;          // of the best
  double least_fps = kUnboundedFps;  // the least that was offered
  unsigned trials = 0;

  void note(const TrialResult& trial) {
    const double offered = wireproof::offered_fps(trial);
    ++trials;
    least_fps = std::min(least_fps, offered);
    if (offered < offered_fps) return;
    offered_fps = offered;
    forwarded_fps = forwarding_fps(trial);
  }
  // What a tester achieves at its own limit varies by less than this from trial to trial.
  [[nodiscard]] bool steady() const {
    constexpr double kSteady = 0.02;
    return offered_fps - least_fps <= kSteady * offered_fps;
  }
};

}  // namespace wireproof
