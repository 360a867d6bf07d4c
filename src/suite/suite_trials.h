// The trials of one frame size within a suite. Private to src/suite.
#pragma once

#include <functional>
#include <vector>

#include "trial/measurer.h"
#include "trial/suite.h"

namespace wireproof {

class SuiteTrials {
 public:
  // All outlive it. `on_trial`: after each, on the calling thread.
  SuiteTrials(Measurer& measurer, const SuiteSize& size, std::vector<TrialResult>& kept,
              std::function<void()> on_trial)
      : measurer_(measurer), size_(size), kept_(kept), on_trial_(std::move(on_trial)) {}

  // Sends it again, up to `retries` times, while the tester cannot guarantee it; the last one,
  // until the next call. Its id and those before it are added to `ids`. Fails as the measurer does,
  // and with kInterrupted when the user stopped it.
  [[nodiscard]] Result<const TrialResult*> measure(TrialSpec spec, unsigned retries,
                                                   std::vector<std::uint64_t>& ids);

 private:
  Measurer& measurer_;
  const SuiteSize& size_;
  std::vector<TrialResult>& kept_;
  std::function<void()> on_trial_;
};

// Over all directions.
[[nodiscard]] std::uint64_t lost_frames(const TrialResult& trial);

}  // namespace wireproof
