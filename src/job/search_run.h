// Searches one after another: for each frame size, one for each goal, or one for all. Knows neither
// ports nor the command line, so it is tested on simulated devices.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "report/document.h"
#include "search/bisect.h"

namespace wireproof {

struct SizeSearches {
  std::string name;               // "64", "imix"
  std::vector<SearchSpec> goals;  // time_limit is ignored: it is the run's
};

struct SearchRun {
  SearchMethod method = SearchMethod::kMlr;
  std::vector<SizeSearches> sizes;
  Nanoseconds time_limit = 0;  // of all searches together; 0: none
  // A measurer for sizes[index], asked for once a size; it need not outlive the next call.
  std::function<Result<Measurer*>(std::size_t index)> measurer_for;
  // After every trial, retries included, on the calling thread. May be empty.
  std::function<void(const TrialResult& trial)> on_trial;
  // After every trial: one line for people, without a newline. May be empty.
  std::function<void(const std::string& line)> on_progress;
};

// Fills report.searches and status. Trial ids count from 1 through all searches. What could not be
// begun, or was stopped, ends the run with what there is; fails with the error that ended it. The
// status is kInvalid when a search found no load that meets its goal.
[[nodiscard]] Status run_searches(const SearchRun& run, const Clock& clock, RunReport& report);

}  // namespace wireproof
