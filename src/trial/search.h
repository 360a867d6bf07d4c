// What a search is asked and what it answers. Terms: RFC 9971 (MLRsearch).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "trial/trial.h"

namespace wireproof {

struct SearchGoal {
  std::string name = "ndr";  // "ndr" (loss 0), "pdr" (loss 0.5 %), "loss=X"
  double loss_ratio = 0;
};

struct SearchSpec {
  SearchGoal goal;
  std::uint32_t frame_size = 64;  // as of TrialSpec
  double mean_frame_size = 0;     // as of TrialSpec
  double min_fps = 1;             // > 0
  double max_fps = 0;             // the highest load ever offered; 0: whatever the tester can
  double precision = 0.005;       // relative width: (upper - lower) / upper
  Nanoseconds trial_duration = kSecond;
  Nanoseconds final_duration = kSecond;  // of the trial that confirms the answer; >= trial_duration
  unsigned invalid_retries = 3;          // of one load, before it is given up as the tester's limit
  Nanoseconds time_limit = 0;            // 0: none; checked between trials
};

struct SearchResult {
  SearchSpec spec;
  // Frames a second: the highest load that met the goal, less what its trial left out; the lowest
  // load (intended) that did not.
  std::optional<double> lower_bound_fps;
  std::optional<double> upper_bound_fps;
  // Forwarding rate measured at the lower bound (RFC 9971, conditional throughput).
  std::optional<double> conditional_throughput_fps;
  // Both bounds exist, both by trials that the tester guarantees, within the precision.
  bool regular = false;
  // The tester could not offer more: the answer is "at least lower_bound_fps".
  bool tester_limited = false;
  bool interrupted = false;
  std::optional<Error> error;              // the measurer failed; the rest is what was known then
  std::string reason;                      // why not regular; empty when it is
  std::optional<TrialResult> final_trial;  // the confirming trial at the lower bound
  std::vector<TrialResult> trials;         // all, in order
  Nanoseconds elapsed = 0;
};

}  // namespace wireproof
