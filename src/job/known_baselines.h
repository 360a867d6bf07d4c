// What `wireproof calibrate` found earlier, put beside the results of a trial or a search.
#pragma once

#include <string>

#include "job/test_ports.h"
#include "report/calibration.h"
#include "trial/measurer.h"

namespace wireproof {

// The conditions under which a direction was measured. `size` is the user's name of the frame size.
[[nodiscard]] CalibrationKey calibration_key(const DirectionResult& direction,
                                             const OpenPorts& ports, const Settings& settings,
                                             const RunReport& report, const std::string& size);

// Measures by another measurer and puts beside each result what is known of its conditions. Changes
// nothing that was measured.
class BesideBaselines final : public Measurer {
 public:
  // References outlive it, but for `file` (empty: nothing is known) and `size`. Where the file
  // cannot be used a note of the report says so, once a run.
  BesideBaselines(const OpenPorts& ports, const Settings& settings, const std::string& file,
                  RunReport& report);

  void use(Measurer& inner, std::string size);
  [[nodiscard]] Result<TrialResult> measure(const TrialSpec& spec) override;

 private:
  const OpenPorts& ports_;
  const Settings& settings_;
  const RunReport& report_;
  Calibrations known_;
  Measurer* inner_ = nullptr;
  std::string size_;
};

}  // namespace wireproof
