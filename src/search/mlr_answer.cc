#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "search/mlr_search.h"
#include "search/proven.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

std::string rounded(double fps) {
  return format_count(static_cast<std::uint64_t>(std::llround(fps)));
}

}  // namespace

std::vector<SearchResult> MlrSearch::answers() const {
  std::vector<SearchResult> all;
  for (const GoalSearch& goal : goals_) all.push_back(answer(goal));
  return all;
}

SearchResult MlrSearch::answer(const GoalSearch& goal) const {
  SearchResult result;
  result.spec = goal.spec();
  result.elapsed = clock_.now() - start_;
  result.interrupted = interrupted_;
  result.error = error_;
  describe_bounds(goal, result);
  const std::optional<double>& low = result.lower_bound_fps;
  result.regular =
      goal.lower_bound() != nullptr && goal.upper_bound() != nullptr &&
      *result.upper_bound_fps - *low <= *result.upper_bound_fps * goal.spec().precision;
  if (low && !result.regular && goal.upper_bound() == nullptr) {
    const double asked = result.final_trial->spec.intended_fps;
    result.tester_limited = (ceiling_ && goal.narrow(asked, *ceiling_)) ||
                            (!ceiling_ && unpaced_ && goal.narrow(asked, *unpaced_));
  }
  if (!result.regular) result.reason = why_not_regular(goal, result);
  return result;
}

// What was confirmed; where there is none of that, the best that any trial says.
void MlrSearch::describe_bounds(const GoalSearch& goal, SearchResult& result) const {
  if (goal.upper_bound() != nullptr) result.upper_bound_fps = goal.upper_bound()->fps;
  std::vector<const TrialResult*> trials;
  if (const GoalSearch::Load* low = goal.lower_bound()) {
    const auto tried = std::find_if(book_.loads().begin(), book_.loads().end(),
                                    [low](const TriedLoad& load) { return load.fps == low->fps; });
    for (const std::size_t trial : tried->trials) trials.push_back(&book_.trials()[trial]);
    result.conditional_throughput_fps = conditional_throughput_fps(low->fps, trials, goal.spec());
  } else {
    trials = best_unconfirmed(goal);
  }
  for (const TrialResult* trial : trials) {
    if (verdict_by_loss(*trial, goal.spec().goal.loss_ratio) != Verdict::kPass) continue;
    const bool longer =
        !result.final_trial || trial->spec.duration >= result.final_trial->spec.duration;
    if (!longer) continue;
    result.final_trial = judged_for(*trial, goal.spec().goal);
    result.lower_bound_fps = proven_fps(*trial);
  }
}

// Those at the highest load of which one met the goal, below all that is known to be too much.
std::vector<const TrialResult*> MlrSearch::best_unconfirmed(const GoalSearch& goal) const {
  const double loss = goal.spec().goal.loss_ratio;
  std::vector<const TrialResult*> best;
  for (const TriedLoad& load : book_.loads()) {
    if (goal.high() != nullptr && load.fps >= goal.high()->fps) break;
    std::vector<const TrialResult*> trials;
    for (const std::size_t trial : load.trials) trials.push_back(&book_.trials()[trial]);
    if (std::any_of(trials.begin(), trials.end(), [loss](const TrialResult* trial) {
          return verdict_by_loss(*trial, loss) == Verdict::kPass;
        }))
      best = std::move(trials);
  }
  return best;
}

std::string MlrSearch::why_not_regular(const GoalSearch& goal, const SearchResult& result) const {
  if (interrupted_) return "stopped by the user";
  if (error_) return "the search ended early: " + error_->message;
  if (out_of_time_)
    return fmt::format(
        "the time limit of {:g} s ended the search before it reached the precision{}",
        seconds(common_.time_limit), ceiling_ ? "; " + not_guaranteed() : "");
  if (too_many_)
    return fmt::format("{} trials did not settle it: the device never does the same twice",
                       book_.trials().size());
  if (undecided_)
    return fmt::format("the tester could not guarantee the trials that decide: {}{}",
                       ceiling_reason_, of_the_host());
  if (!result.lower_bound_fps) return why_no_bound(goal);
  if (result.tester_limited) return ceiling_ ? not_guaranteed() : "the tester can send no faster";
  if (goal.lower_bound() == nullptr) return "not confirmed by trials of the final duration";
  if (goal.upper_bound() == nullptr)
    return fmt::format("the highest load asked, {} frames/s, passed", rounded(common_.max_fps));
  const double low = goal.lower_bound()->fps;
  const double high = goal.upper_bound()->fps;
  if (high - low <= high * goal.spec().precision)
    return fmt::format("the trial at {} frames/s passed, but offered {}: use longer trials",
                       rounded(low), rounded(*result.lower_bound_fps));
  if (goal.narrow(low, high))
    return fmt::format(
        "one frame in a trial of {:g} s is more than the precision: use longer trials",
        seconds(goal.spec().trial_duration));
  return fmt::format("the loads between {} and {} frames/s could not be decided{}",
                     rounded(*result.lower_bound_fps), rounded(*result.upper_bound_fps),
                     ceiling_ ? ": " + ceiling_reason_ : "");
}

std::string MlrSearch::of_the_host() const {
  return host_.empty() ? "" : "; " + host_;
}

std::string MlrSearch::not_guaranteed() const {
  return fmt::format("the tester cannot guarantee loads from {} frames/s: {}{}", rounded(*ceiling_),
                     ceiling_reason_, of_the_host());
}

std::string MlrSearch::why_no_bound(const GoalSearch& goal) const {
  if (book_.trials().empty()) return "no trial took place";
  const std::string& last = book_.trials().back().reason;
  if (goal.upper_bound() != nullptr && goal.upper_bound()->fps <= floor_)
    return fmt::format("even the lowest load, {} frames/s, failed: {}", rounded(floor_), last);
  if (ceiling_)
    return fmt::format("the tester cannot guarantee any load, not even {:.6g} frames/s: {}{}",
                       *ceiling_, ceiling_reason_, of_the_host());
  return "no load has passed yet";
}

}  // namespace wireproof
