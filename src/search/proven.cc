#include "search/proven.h"

#include <fmt/format.h>

#include <algorithm>

#include "trial/derive.h"

namespace wireproof {

double load_of(const TrialResult& trial) {
  return trial.spec.max_rate ? offered_fps(trial) : trial.spec.intended_fps;
}

double proven_fps(const TrialResult& trial) {
  double proven = load_of(trial);
  if (trial.spec.max_rate) return proven;  // what was offered already
  for (const DirectionResult& direction : trial.directions)
    proven = std::min(
        proven, trial.spec.intended_fps - rate_fps(direction.counts.unsent, trial.spec.duration));
  return std::max(0.0, proven);
}

bool fell_short(const TrialResult& trial, double precision) {
  const double load = load_of(trial);
  return trial.verdict == Verdict::kPass && load - proven_fps(trial) > load * precision;
}

TrialResult judged_for(const TrialResult& trial, const SearchGoal& goal) {
  TrialResult judged = trial;
  judged.spec.goal_loss_ratio = goal.loss_ratio;
  judged.verdict = verdict_by_loss(trial, goal.loss_ratio);
  if (judged.verdict == Verdict::kPass) judged.reason.clear();
  return judged;
}

Proven proven_by(std::span<const TrialResult* const> trials, const SearchSpec& spec,
                 std::optional<double> upper) {
  const auto says = [&spec](const TrialResult& trial, Verdict verdict) {
    return !trial.interrupted && !trial.spec.max_rate && trial.verdict != Verdict::kInvalid &&
           trial.spec.duration >= spec.trial_duration &&
           verdict_by_loss(trial, spec.goal.loss_ratio) == verdict;
  };
  Proven proven;
  for (const TrialResult* trial : trials) {
    if (!says(*trial, Verdict::kFail) || (upper && load_of(*trial) >= *upper)) continue;
    proven.failed = trial;
    upper = load_of(*trial);
  }
  for (const TrialResult* trial : trials) {
    if (!says(*trial, Verdict::kPass) || (upper && load_of(*trial) >= *upper)) continue;
    if (proven.passed == nullptr || proven_fps(*trial) > proven_fps(*proven.passed))
      proven.passed = trial;
  }
  return proven;
}

void reconcile(SearchResult& result, std::span<const TrialResult* const> trials) {
  const Proven proven = proven_by(trials, result.spec, result.upper_bound_fps);
  if (proven.failed != nullptr) result.upper_bound_fps = load_of(*proven.failed);
  const std::optional<double> upper = result.upper_bound_fps;
  const double before = result.lower_bound_fps.value_or(0);
  const bool taken_back = upper && before >= *upper;
  const bool raised = proven.passed != nullptr && proven_fps(*proven.passed) > before;
  if (!taken_back && !raised) return;
  result.lower_bound_fps.reset();
  result.conditional_throughput_fps.reset();
  result.final_trial.reset();
  if (proven.passed != nullptr) {
    result.final_trial = judged_for(*proven.passed, result.spec.goal);
    result.lower_bound_fps = proven_fps(*proven.passed);
    result.conditional_throughput_fps = forwarding_fps(*proven.passed);
  }
  const bool confirmed =
      proven.passed != nullptr && proven.passed->spec.duration >= result.spec.final_duration;
  result.regular = result.regular && raised && !taken_back && confirmed;
  if (taken_back) {
    result.tester_limited = false;
    result.reason = fmt::format(
        "a trial for another goal failed at {:.0f} frames/s, below what had passed", *upper);
  } else if (!result.regular && !result.interrupted && !result.error) {
    // What was said before was said of another bound.
    result.tester_limited = false;
    result.reason = confirmed ? "the lower bound is from a trial for another goal"
                              : "the lower bound is from a trial for another goal, and none of "
                                "the final duration confirms it";
  }
}

}  // namespace wireproof
