#include <algorithm>

#include "suite/tests.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

double worst_loss(const TrialResult& trial) {
  double worst = 0;
  for (const DirectionResult& direction : trial.directions)
    worst = std::max(worst, loss_ratio(direction.counts));
  return worst;
}

}  // namespace

Status run_loss(SuiteTrials& trials, const SuiteSpec& spec, double max_fps, LossTest& into) {
  constexpr double kStep = 10;  // percent: no coarser steps than that (RFC 2544 section 26.3)
  constexpr double kLeast = 0.1;
  into.duration = spec.loss_duration;
  bool before_without_loss = false;
  for (double percent = 100; percent >= kLeast;
       percent = percent > kStep ? percent - kStep : percent / 2) {
    const double load = max_fps * percent / 100;
    if (load * seconds(spec.loss_duration) < 1) break;
    // The highest loads are often the tester's own limit: that is soon known.
    const auto trial =
        trials.measure({.intended_fps = load, .duration = spec.loss_duration}, 1, into.trial_ids);
    if (!trial) return tl::unexpected(trial.error());
    LossStep step{.percent = percent, .load_fps = load, .trial_id = (*trial)->spec.id};
    const bool guaranteed = (*trial)->verdict != Verdict::kInvalid;
    if (guaranteed) step.loss_ratio = worst_loss(**trial);
    into.steps.push_back(step);
    if (!guaranteed) {
      into.not_guaranteed = true;
      into.reason = (*trial)->reason;
    }
    const bool without_loss = guaranteed && lost_frames(**trial) == 0;
    if (without_loss && before_without_loss) {
      into.complete = true;
      return {};
    }
    before_without_loss = without_loss;
  }
  if (into.reason.empty()) into.reason = "no two loads in a row passed without loss";
  return {};
}

}  // namespace wireproof
