// The one door between searching and measuring (RFC 9971 calls the two controller and measurer).
#pragma once

#include "base/result.h"
#include "trial/trial.h"

namespace wireproof {

class Measurer {
 public:
  virtual ~Measurer() = default;
  // Runs one trial to its end and judges it. An error means that no trial took place (interface
  // gone, peer gone, interrupted by the user); a trial that cannot be guaranteed is a result.
  [[nodiscard]] virtual Result<TrialResult> measure(const TrialSpec& spec) = 0;
};

}  // namespace wireproof
