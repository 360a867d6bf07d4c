// What a user will not accept of a trial (`--fail-if`): one number of a direction beyond a limit,
// or an invalid measurement. What each number means: docs/metrics.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "trial/trial.h"

namespace wireproof {

enum class CriterionUnit {
  kRatio,        // 0..1
  kNanoseconds,  // of delay and its variation
  kVerdict,      // "invalid": no number, no limit
};

// What must have been recorded for there to be a number at all.
enum class CriterionNeeds { kNothing, kReceiver, kDelays, kEveryDelay };

struct Criterion {
  std::string name;  // "loss", "delay_p99", "invalid"
  CriterionUnit unit = CriterionUnit::kRatio;
  CriterionNeeds needs = CriterionNeeds::kReceiver;
  double limit = 0;  // failed when the measured is greater
};

// One criterion held to one trial.
struct CriterionResult {
  Criterion criterion;
  std::uint64_t trial_id = 0;
  std::uint32_t frame_size = 0;
  bool failed = false;
  std::optional<double> measured;  // of the worst direction; absent: not measured, which fails
  std::string from, to;            // that direction's; empty for a verdict
  std::string reason;              // why there is no number; empty where there is one
};

// "loss > 0.1%, delay_p99>1ms": one or more with commas between them, blanks anywhere between the
// words. kUsage names the flag and the known criteria.
[[nodiscard]] Result<std::vector<Criterion>> parse_criteria(std::string_view flag,
                                                            std::string_view text);

// "loss > 0.1%", "delay_p99 > 1.5 ms", "invalid".
[[nodiscard]] std::string describe(const Criterion& criterion);

// The worst direction decides. A criterion whose number was not measured has failed; those of an
// invalid trial, which says nothing of the device, are not asked, but for "invalid" itself.
[[nodiscard]] std::vector<CriterionResult> judge_criteria(const std::vector<Criterion>& criteria,
                                                          const TrialResult& trial);

}  // namespace wireproof
