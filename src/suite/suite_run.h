// The tests of RFC 2544, one after another, for each frame size. Pure: it sees a Measurer and a
// Clock, never a frame, so that it is tested on simulated devices.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "trial/measurer.h"
#include "trial/suite.h"

namespace wireproof {

// Who resets the device.
class Resetter {
 public:
  virtual ~Resetter() = default;
  // Right before a trial: the device is to be reset so long after its counted traffic began.
  [[nodiscard]] virtual Status begin(Nanoseconds after) = 0;
  // After the trial. Fails where the device cannot have been reset.
  [[nodiscard]] virtual Status end() = 0;
};

struct SuiteRun {
  SuiteSpec spec;
  std::vector<SuiteSize> sizes;
  // A measurer for sizes[index], asked for once a size; it need not outlive the next call.
  std::function<Result<Measurer*>(std::size_t index)> measurer_for;
  std::function<void(const TrialResult& trial)> on_trial;  // may be empty
  // After every trial. May be empty.
  std::function<void(const SuiteProgress& progress)> on_progress;
  Resetter* resetter = nullptr;  // null: nobody needs to be told
};

struct SuiteFindings {
  SuiteResult result;
  std::vector<SearchResult> searches;  // of the throughput, in the order of the sizes
  std::vector<TrialResult> trials;     // of the other tests
  bool interrupted = false;            // by the user: what there was is in the others
};

// Fills `found`, also where it fails: with the error that ended it. Trial ids count from 1 through
// all. The deviations are those of durations and repetitions; the caller adds its own.
[[nodiscard]] Status run_suite(const SuiteRun& run, const Clock& clock, SuiteFindings& found);

}  // namespace wireproof
