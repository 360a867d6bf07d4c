#include "search/bisect.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "search/bisection.h"
#include "search/proven.h"
#include "trial/derive.h"

namespace wireproof {

Result<SearchResult> Bisection::run() {
  while (const std::optional<SearchStep> step = next_step()) {
    const TrialSpec trial{.id = result_.trials.size() + 1,
                          .frame_size = spec_.frame_size,
                          .mean_frame_size = spec_.mean_frame_size,
                          .intended_fps = step->load,
                          .max_rate = step->load == 0,
                          .duration = step->duration,
                          .goal_loss_ratio = spec_.goal.loss_ratio};
    Result<TrialResult> measured = measurer_.measure(trial);
    if (!measured) {
      if (Status ended = learn_error(measured.error()); !ended)
        return tl::unexpected(ended.error());
      break;
    }
    result_.trials.push_back(*std::move(measured));
    learn(*step);
    describe();
    if (progress_) progress_(result_, time_left());
  }
  describe();
  return std::move(result_);
}

void Bisection::begin_with(std::span<const TrialResult* const> known) {
  for (const TrialResult* trial : known) {
    if (trial->spec.max_rate && trial->verdict != Verdict::kInvalid && !trial->interrupted)
      learn_unpaced(*trial);
  }
  const Proven proven = proven_by(known, spec_, std::nullopt);
  if (proven.failed != nullptr) {
    result_.trials.push_back(judged_for(*proven.failed, spec_.goal));
    upper_ = load_of(*proven.failed);
    chooser_.failed(*upper_, forwarding_fps(*proven.failed));
  }
  if (proven.passed != nullptr) {
    result_.trials.push_back(judged_for(*proven.passed, spec_.goal));
    learn_pass({.duration = proven.passed->spec.duration}, result_.trials.size() - 1);
  }
}

std::optional<double> Bisection::top() const {
  std::optional<double> lowest;
  for (const auto& end : {upper_, ceiling_, unpaced_}) {
    if (end) lowest = std::min(*end, lowest.value_or(*end));
  }
  return lowest;
}

// Narrow enough, or so narrow that two loads differ by less than one frame a trial.
bool Bisection::narrow(double low, double high) const {
  return high - low <= high * spec_.precision || (high - low) * seconds(duration_) < 1;
}

std::optional<SearchStep> Bisection::confirming_step() const {
  if (!lower_trial_ || confirmed_) return std::nullopt;
  return SearchStep{load_of(result_.trials[*lower_trial_]), spec_.final_duration, true};
}

std::optional<SearchStep> Bisection::narrowing_step() {
  const std::optional<double> high = top();
  const double low = lower_trial_ ? load_of(result_.trials[*lower_trial_]) : 0;
  if (!high) {  // nothing was tried, or the highest load passed, or the tester cannot send at all
    const bool room = spec_.max_fps == 0 || low < spec_.max_fps;
    return room && !top_tried_ ? std::optional(SearchStep{spec_.max_fps, duration_, false})
                               : std::nullopt;
  }
  const bool unproven = unpaced_ == high && low < *high && upper_ != high && ceiling_ != high;
  if (unproven && (unpaced_met_goal_ || (lower_trial_ && narrow(low, *high)))) {
    return SearchStep{*high, duration_, false};
  }
  if (lower_trial_) {
    if (narrow(low, *high)) return std::nullopt;
    return SearchStep{chooser_.next(low, *high), duration_, false};
  }
  if (*high <= floor_) return std::nullopt;
  if (narrow(floor_, *high)) return SearchStep{floor_, duration_, false};
  return SearchStep{chooser_.next(floor_, *high), duration_, false};
}

// A disturbance makes loads invalid that the device carries, and those just above what it carries
// still fail: when a load that was only disturbed is given up, they are tried before what lies
// below, so that the answer is bounded from above all the same.
std::optional<SearchStep> Bisection::trial_above() const {
  if (!ceiling_ || ceiling_is_limit_ || trials_above_ == kTrialsAbove) return std::nullopt;
  double forwarded = *ceiling_;
  for (const TrialResult& trial : result_.trials)
    forwarded = std::max(forwarded, forwarding_fps(trial));
  const double load = load_above(forwarded, spec_.precision, trials_above_);
  for (const auto& end : {upper_, unpaced_}) {
    if (end && load >= *end) return std::nullopt;
  }
  if (spec_.max_fps > 0 && load >= spec_.max_fps) return std::nullopt;
  return in_time(cost(duration_))
             ? std::optional(SearchStep{.load = load, .duration = duration_, .above = true})
             : std::nullopt;
}

std::optional<SearchStep> Bisection::next_step() {
  if (ended_) return std::nullopt;
  const std::optional<SearchStep> confirming = confirming_step();
  std::optional<SearchStep> step = retry_ ? retry_ : trial_above();
  if (!step) step = narrowing_step();
  if (!step) {
    if (!confirming || in_time(cost(confirming->duration))) return confirming;
    out_of_time_ = true;
    return std::nullopt;
  }
  const Nanoseconds reserve = confirming && !step->confirming ? cost(confirming->duration) : 0;
  if (result_.trials.empty() || in_time(cost(step->duration) + reserve)) return step;
  out_of_time_ = true;
  if (short_pass_) learn_pass(*retry_, *short_pass_);
  retry_.reset();
  const bool confirm = !step->confirming && confirming && in_time(reserve);
  return confirm ? confirming : std::nullopt;
}

// Warm-up, drain and waits come on top of each trial; they are taken to stay what they were.
Nanoseconds Bisection::cost(Nanoseconds duration) const {
  const auto count = static_cast<Nanoseconds>(result_.trials.size());
  if (count == 0) return duration;
  Nanoseconds sending = 0;
  for (const TrialResult& trial : result_.trials) sending += trial.spec.duration;
  return duration + std::max<Nanoseconds>(0, (clock_.now() - start_ - sending) / count);
}

bool Bisection::in_time(Nanoseconds cost) const {
  return spec_.time_limit == 0 || clock_.now() - start_ + cost <= spec_.time_limit;
}

Nanoseconds Bisection::time_left() const {
  if (ended_ || out_of_time_) return 0;
  Nanoseconds left = 0;
  const std::optional<double> high = top();
  const double low = lower_trial_ ? load_of(result_.trials[*lower_trial_]) : floor_;
  if (high && low < *high && !narrow(low, *high))
    left += static_cast<Nanoseconds>(chooser_.trials_expected(low, *high)) * cost(duration_);
  if (duration_ < spec_.final_duration && !confirmed_) left += cost(spec_.final_duration);
  if (spec_.time_limit > 0)
    left = std::min(left, std::max<Nanoseconds>(0, spec_.time_limit - (clock_.now() - start_)));
  return left;
}

void Bisection::learn(const SearchStep& step) {
  const TrialResult& trial = result_.trials.back();
  retry_.reset();
  top_tried_ = true;
  if (step.above) ++trials_above_;
  if (trial.interrupted) {
    result_.interrupted = true;
    ended_ = true;
    return;
  }
  if (trial.verdict == Verdict::kInvalid) return learn_invalid(step, trial);
  if (fell_short(trial, spec_.precision) && retries_ < spec_.invalid_retries) {
    ++retries_;
    retry_ = step;
    short_pass_ = result_.trials.size() - 1;
    return;
  }
  retries_ = 0;
  achieved_ = {};
  short_pass_.reset();
  if (trial.spec.max_rate)
    learn_unpaced(trial);
  else if (trial.verdict == Verdict::kPass)
    learn_pass(step, result_.trials.size() - 1);
  else
    learn_fail(step, trial);
}

void Bisection::learn_unpaced(const TrialResult& trial) {
  const double offered = offered_fps(trial);
  if (offered <= 0) return;
  unpaced_ = offered;
  unpaced_met_goal_ = verdict_by_loss(trial, spec_.goal.loss_ratio) == Verdict::kPass;
  if (!unpaced_met_goal_) chooser_.failed(offered, forwarding_fps(trial));
}

void Bisection::learn_pass(const SearchStep& step, std::size_t trial) {
  lower_trial_ = trial;
  confirmed_ = step.duration >= spec_.final_duration;
  chooser_.passed(load_of(result_.trials[trial]));
  if (step.above) {
    ceiling_.reset();
    trials_above_ = kTrialsAbove;
  }
}

void Bisection::learn_fail(const SearchStep& step, const TrialResult& trial) {
  upper_ = load_of(trial);
  if (step.confirming) only_final_trials_count();
  if (step.above) trials_above_ = kTrialsAbove;
  chooser_.failed(*upper_, forwarding_fps(trial));
}

void Bisection::learn_invalid(const SearchStep& step, const TrialResult& trial) {
  if (step.above) return;
  const double offered = offered_fps(trial);
  achieved_.note(trial);
  const bool hopeless = step.load == 0 && offered > 0 && loss_ratio(trial) > spec_.goal.loss_ratio;
  if (retries_ < spec_.invalid_retries && !hopeless) {
    ++retries_;
    retry_ = step;
    return;
  }
  if (short_pass_) {  // what passed once is not given up
    retries_ = 0;
    achieved_ = {};
    return learn_pass(step, *std::exchange(short_pass_, std::nullopt));
  }
  ceiling_reason_ = trial.reason;
  give_up(step);
}

void Bisection::give_up(const SearchStep& step) {
  const double offered = achieved_.offered_fps;
  const double load = step.load > 0 ? step.load : offered;
  const double known =
      lower_trial_ && !step.confirming ? load_of(result_.trials[*lower_trial_]) : 0;
  const bool limit =
      achieved_.steady() && offered > known && offered < load * (1 - spec_.precision);
  if (step.confirming) only_final_trials_count();
  if (load > 0) {
    ceiling_ = limit ? offered : load;
    ceiling_is_limit_ = limit || step.load == 0;
    chooser_.gave_up(load, std::min(offered, achieved_.forwarded_fps));
  }
  retries_ = 0;
  achieved_ = {};
}

void Bisection::only_final_trials_count() {
  duration_ = spec_.final_duration;
  lower_trial_.reset();
  confirmed_ = false;
  chooser_.start_over();
}

Status Bisection::learn_error(const Error& error) {
  ended_ = true;
  if (error.kind == ErrorKind::kInterrupted) {
    result_.interrupted = true;
    return {};
  }
  if (result_.trials.empty()) return tl::unexpected(error);
  result_.error = error;
  return {};
}

Result<SearchResult> bisect(const SearchSpec& spec, Measurer& measurer, const Clock& clock,
                            const SearchProgress& progress,
                            std::span<const TrialResult* const> known) {
  if (Status ok = check_search(spec); !ok) return tl::unexpected(ok.error());
  return Bisection(spec, measurer, clock, progress, known).run();
}

std::size_t trials_max(const SearchSpec& spec) {
  const LoadChooser chooser(spec.precision, spec.goal.loss_ratio);
  const double highest = spec.max_fps > 0 ? spec.max_fps : kUnboundedFps;
  // The highest load, the loads between, the lowest; once by short trials and, when the confirming
  // one fails, once more by long ones.
  // Also what was offered without a schedule, paced; and what lies above a load that was disturbed,
  // from where the search begins again when one passes.
  const std::size_t phase = 2 * (chooser.trials_max(lowest_load(spec), highest) + 3) + kTrialsAbove;
  const std::size_t steps = spec.final_duration > spec.trial_duration ? 2 * phase + 1 : phase;
  return steps * (1 + spec.invalid_retries);
}

}  // namespace wireproof
