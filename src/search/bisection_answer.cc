#include <fmt/format.h>

#include <cmath>

#include "base/units.h"
#include "search/bisection.h"
#include "search/proven.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

std::string whole(double fps) {
  return format_count(static_cast<std::uint64_t>(std::llround(fps)));
}

}  // namespace

// Once the final trial has failed and none of that length has passed yet, the best short one below
// what failed is all there is to show.
std::optional<std::size_t> Bisection::best_trial() const {
  if (lower_trial_) return lower_trial_;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < result_.trials.size(); ++i) {
    const TrialResult& trial = result_.trials[i];
    if (trial.verdict != Verdict::kPass || trial.interrupted) continue;
    if (upper_ && load_of(trial) >= *upper_) continue;
    if (!best || proven_fps(trial) > proven_fps(result_.trials[*best])) best = i;
  }
  return best;
}

void Bisection::describe() {
  result_.elapsed = clock_.now() - start_;
  result_.upper_bound_fps = upper_;
  result_.lower_bound_fps.reset();
  result_.conditional_throughput_fps.reset();
  result_.final_trial.reset();
  if (const std::optional<std::size_t> best = best_trial()) {
    const TrialResult& trial = result_.trials[*best];
    result_.lower_bound_fps = proven_fps(trial);
    result_.conditional_throughput_fps = forwarding_fps(trial);
    result_.final_trial = trial;
  }
  const std::optional<double>& low = result_.lower_bound_fps;
  result_.regular =
      confirmed_ && low && upper_ && *upper_ - *low <= *upper_ * spec_.precision && !ended_;
  const double asked = low ? load_of(*result_.final_trial) : 0;
  const bool at_most_the_tester = !upper_ && low && unpaced_ && narrow(asked, *unpaced_);
  const bool given_up =
      ceiling_ && (!upper_ || *ceiling_ < *upper_) && low && narrow(asked, *ceiling_);
  result_.tester_limited = !result_.regular && low && (at_most_the_tester || given_up);
  result_.reason = result_.regular ? "" : why_not_regular();
}

std::string Bisection::why_not_regular() const {
  if (result_.interrupted) return "stopped by the user";
  if (result_.error) return "the search ended early: " + result_.error->message;
  if (out_of_time_)
    return fmt::format(
        "the time limit of {:g} s ended the search before it reached the precision{}",
        seconds(spec_.time_limit), ceiling_ ? "; " + not_guaranteed() : "");
  if (!result_.lower_bound_fps) return why_no_bound();
  if (result_.tester_limited && ceiling_) return not_guaranteed();
  if (result_.tester_limited) return "the tester can send no faster";
  if (!upper_)
    return fmt::format("the highest load asked, {} frames/s, passed", whole(spec_.max_fps));
  if (!confirmed_) return "not confirmed by a trial of the final duration";
  const double asked = load_of(*result_.final_trial);
  if (*upper_ - asked <= *upper_ * spec_.precision)
    return fmt::format("the trial at {} frames/s passed, but offered {}: use longer trials",
                       whole(asked), whole(*result_.lower_bound_fps));
  return fmt::format("one frame in a trial of {:g} s is more than the precision: use longer trials",
                     seconds(duration_));
}

std::string Bisection::not_guaranteed() const {
  return fmt::format("the tester cannot guarantee loads from {}{} frames/s: {}", whole(*ceiling_),
                     upper_ && *upper_ > *ceiling_ ? " to " + whole(*upper_) : "", ceiling_reason_);
}

std::string Bisection::why_no_bound() const {
  if (result_.trials.empty()) return "no trial took place";
  const std::string& last = result_.trials.back().reason;
  const std::optional<double> high = top();
  if (!high) return "the tester cannot guarantee any load: " + last;
  if (*high > floor_) return "no load has passed yet";
  if (upper_ && *upper_ <= *high)
    return fmt::format("even the lowest load, {} frames/s, failed: {}", whole(*upper_), last);
  return fmt::format("the tester cannot guarantee any load, not even {:.6g} frames/s: {}", *high,
                     ceiling_ ? ceiling_reason_ : last);
}

}  // namespace wireproof
