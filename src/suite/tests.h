// The tests that follow the throughput: each sends its trials and fills its result, which holds
// what there was when it fails. Private to src/suite.
#pragma once

#include "base/result.h"
#include "suite/suite_run.h"
#include "suite/suite_trials.h"

namespace wireproof {

// The maximum rate of a size, and how a burst at that rate is sent.
struct HighestRate {
  double fps = 0;
  // True: on a schedule. False: as fast as the port takes frames, which then is the wire's own
  // minimum gap, or the tester's.
  bool paced = false;
  bool is_line = false;  // of the port: nothing leaves it faster
};

// At the throughput, by every frame's delay.
[[nodiscard]] Status run_latency(SuiteTrials& trials, const SuiteSpec& spec, double throughput_fps,
                                 LatencyTest& into);
// From the maximum rate down by a tenth of it at a time, then by halves.
[[nodiscard]] Status run_loss(SuiteTrials& trials, const SuiteSpec& spec, double max_fps,
                              LossTest& into);
[[nodiscard]] Status run_back_to_back(SuiteTrials& trials, const SuiteSpec& spec,
                                      double throughput_fps, const HighestRate& highest,
                                      BackToBackTest& into);
[[nodiscard]] Status run_recovery(SuiteTrials& trials, const SuiteSpec& spec, double throughput_fps,
                                  double max_fps, RecoveryTest& into);
// `resetter` may be null: the device resets itself, or somebody does.
[[nodiscard]] Status run_reset(SuiteTrials& trials, const SuiteSpec& spec, double throughput_fps,
                               Resetter* resetter, ResetTest& into);

// The device carries the maximum rate, to the precision of the search.
[[nodiscard]] inline bool carries_highest(double throughput_fps, double max_fps, double precision) {
  return throughput_fps >= max_fps * (1 - precision);
}

}  // namespace wireproof
