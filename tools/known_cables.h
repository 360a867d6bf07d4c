// What `wireproof calibrate` found earlier, put beside the results of a trial or a search.
#pragma once

#include <string>

#include "report/calibration.h"
#include "tools/ports.h"
#include "trial/measurer.h"

namespace wireproof {

// The conditions under which a direction was measured. `size` is the user's name of the frame size.
[[nodiscard]] CalibrationKey calibration_key(const DirectionResult& direction,
                                             const OpenPorts& ports, const TestSettings& test,
                                             const RunReport& report, const std::string& size);

// Of this user: from the environment. Empty where that names no folder.
[[nodiscard]] std::string calibration_path();

// Measures by another measurer and puts beside each result what is known of its conditions. Changes
// nothing that was measured.
class BesideKnownCables final : public Measurer {
 public:
  // References outlive it, but for `size`. Where the file cannot be used a note of the report says
  // so, once a run.
  BesideKnownCables(const OpenPorts& ports, const TestSettings& test, RunReport& report);

  void use(Measurer& inner, std::string size);
  [[nodiscard]] Result<TrialResult> measure(const TrialSpec& spec) override;

 private:
  const OpenPorts& ports_;
  const TestSettings& test_;
  const RunReport& report_;
  Calibrations known_;
  Measurer* inner_ = nullptr;
  std::string size_;
};

}  // namespace wireproof
