// The trials of several measurers under one run of numbers, from 1.
#pragma once

#include <functional>
#include <utility>

#include "trial/measurer.h"

namespace wireproof {

class NumberedMeasurer final : public Measurer {
 public:
  // `on_trial`: after each, on the calling thread; may be empty.
  explicit NumberedMeasurer(std::function<void(const TrialResult& trial)> on_trial = {})
      : on_trial_(std::move(on_trial)) {}

  // Measures from now on; outlives that.
  void use(Measurer& inner) { inner_ = &inner; }

  [[nodiscard]] Result<TrialResult> measure(const TrialSpec& spec) override {
    TrialSpec numbered = spec;
    numbered.id = ++last_id_;
    Result<TrialResult> trial = inner_->measure(numbered);
    if (trial && on_trial_) on_trial_(*trial);
    return trial;
  }

 private:
  std::function<void(const TrialResult& trial)> on_trial_;
  Measurer* inner_ = nullptr;
  std::uint64_t last_id_ = 0;
};

}  // namespace wireproof
