// What a search is asked and what it answers. Terms: RFC 9971 (MLRsearch).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/words.h"
#include "trial/trial.h"

namespace wireproof {

enum class SearchMethod {
  kBisect,  // one goal after the other (search/bisect.h)
  kMlr,     // RFC 9971: all at once (search/mlr.h)
};

inline constexpr Words<SearchMethod, 2> kSearchMethodWords{
    {{SearchMethod::kBisect, "bisect"}, {SearchMethod::kMlr, "mlr"}}};

struct SearchGoal {
  std::string name = "ndr";  // as the user wrote it: "pdr", "loss=1%", "60f120d0l50e"
  double loss_ratio = 0;
  // RFC 9971: the part of the time at a load in which trials may lose more; 0 <= it < 1.
  double exceed_ratio = 0;
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
  Nanoseconds duration_sum = 0;          // RFC 9971, of trials at one load; 0: final_duration
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
