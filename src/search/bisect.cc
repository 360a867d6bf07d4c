#include "search/bisect.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/units.h"
#include "search/load_chooser.h"
#include "search/proven.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

constexpr double kUnboundedFps = 1e12;
// What a tester achieves at its own limit varies by less than this from trial to trial.
constexpr double kSteady = 0.02;
// Trials above a load that was disturbed, and the distances of the first, in precisions, and of
// each further one from the rate that got through: 1, 8 and 64 % at 0.5 %.
constexpr unsigned kTrialsAbove = 3;
constexpr double kFirstAbove = 2;
constexpr double kGrowthAbove = 8;

double seconds(Nanoseconds duration) {
  return static_cast<double>(duration) / static_cast<double>(kSecond);
}

std::string whole(double fps) {
  return format_count(static_cast<std::uint64_t>(std::llround(fps)));
}

struct Step {
  double load = 0;  // 0: as fast as the tester can
  Nanoseconds duration = 0;
  bool confirming = false;
  bool above = false;  // a load that was given up: see trial_above()
};

class Bisection {
 public:
  Bisection(const SearchSpec& spec, Measurer& measurer, const Clock& clock,
            const SearchProgress& progress, std::span<const TrialResult* const> known)
      : spec_(spec),
        measurer_(measurer),
        clock_(clock),
        progress_(progress),
        start_(clock.now()),
        floor_(lowest_load(spec)),
        duration_(spec.trial_duration),
        chooser_(spec.precision, spec.goal.loss_ratio) {
    result_.spec = spec;
    begin_with(known);
  }

  Result<SearchResult> run() {
    while (const std::optional<Step> step = next_step()) {
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

 private:
  void begin_with(std::span<const TrialResult* const> known);

  // What to do next
  [[nodiscard]] std::optional<Step> next_step();
  [[nodiscard]] std::optional<Step> narrowing_step();
  [[nodiscard]] std::optional<Step> confirming_step() const;
  [[nodiscard]] std::optional<Step> trial_above() const;
  [[nodiscard]] std::optional<double> top() const;
  [[nodiscard]] bool narrow(double low, double high) const;
  [[nodiscard]] Nanoseconds cost(Nanoseconds duration) const;
  [[nodiscard]] bool in_time(Nanoseconds cost) const;
  [[nodiscard]] Nanoseconds time_left() const;

  // What a trial teaches
  void learn(const Step& step);
  void learn_unpaced(const TrialResult& trial);
  void learn_pass(const Step& step, std::size_t trial);
  void learn_fail(const Step& step, const TrialResult& trial);
  void learn_invalid(const Step& step, const TrialResult& trial);
  void give_up(const Step& step);
  void only_final_trials_count();
  [[nodiscard]] Status learn_error(const Error& error);

  // What is known
  void describe();
  [[nodiscard]] std::optional<std::size_t> best_trial() const;
  [[nodiscard]] std::string why_not_regular() const;
  [[nodiscard]] std::string why_no_bound() const;
  [[nodiscard]] std::string not_vouched_for() const;

  const SearchSpec spec_;
  Measurer& measurer_;
  const Clock& clock_;
  const SearchProgress& progress_;
  const Nanoseconds start_;
  const double floor_;
  Nanoseconds duration_;  // of the trials that narrow
  LoadChooser chooser_;
  SearchResult result_;

  std::optional<std::size_t> lower_trial_;  // the good one with the highest load
  std::optional<double> upper_;             // the lowest load that failed
  std::optional<double> ceiling_;           // the lowest load that was given up as invalid
  std::optional<double> unpaced_;           // what the tester offered without a schedule
  bool unpaced_met_goal_ = false;
  bool top_tried_ = false;         // some trial of this search said where the top is
  bool ceiling_is_limit_ = false;  // as far as the tester can send, and not a disturbance
  std::string ceiling_reason_;
  unsigned trials_above_ = 0;
  std::optional<Step> retry_;
  unsigned retries_ = 0;
  std::optional<std::size_t> short_pass_;  // of this step: see fell_short()
  struct Achieved {                        // by the invalid trials of this step
    double offered_fps = 0;                // the best
    double forwarded_fps = 0;              // of the best
    double least_fps = kUnboundedFps;
  } achieved_;
  bool confirmed_ = false;
  bool out_of_time_ = false;
  bool ended_ = false;
};

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

std::optional<Step> Bisection::confirming_step() const {
  if (!lower_trial_ || confirmed_) return std::nullopt;
  return Step{load_of(result_.trials[*lower_trial_]), spec_.final_duration, true};
}

std::optional<Step> Bisection::narrowing_step() {
  const std::optional<double> high = top();
  const double low = lower_trial_ ? load_of(result_.trials[*lower_trial_]) : 0;
  if (!high) {  // nothing was tried, or the highest load passed, or the tester cannot send at all
    const bool room = spec_.max_fps == 0 || low < spec_.max_fps;
    return room && !top_tried_ ? std::optional(Step{spec_.max_fps, duration_, false})
                               : std::nullopt;
  }
  const bool unproven = unpaced_ == high && low < *high && upper_ != high && ceiling_ != high;
  if (unproven && (unpaced_met_goal_ || (lower_trial_ && narrow(low, *high)))) {
    return Step{*high, duration_, false};
  }
  if (lower_trial_) {
    if (narrow(low, *high)) return std::nullopt;
    return Step{chooser_.next(low, *high), duration_, false};
  }
  if (*high <= floor_) return std::nullopt;
  if (narrow(floor_, *high)) return Step{floor_, duration_, false};
  return Step{chooser_.next(floor_, *high), duration_, false};
}

// A disturbance makes loads invalid that the device carries, and those just above what it carries
// still fail: when a load that was only disturbed is given up, they are tried before what lies
// below, so that the answer is bounded from above all the same.
std::optional<Step> Bisection::trial_above() const {
  if (!ceiling_ || ceiling_is_limit_ || trials_above_ == kTrialsAbove) return std::nullopt;
  double forwarded = *ceiling_;
  for (const TrialResult& trial : result_.trials)
    forwarded = std::max(forwarded, forwarding_fps(trial));
  const double reach = kFirstAbove * spec_.precision * std::pow(kGrowthAbove, trials_above_);
  const double load = forwarded * (1 + reach);
  for (const auto& end : {upper_, unpaced_}) {
    if (end && load >= *end) return std::nullopt;
  }
  if (spec_.max_fps > 0 && load >= spec_.max_fps) return std::nullopt;
  return in_time(cost(duration_))
             ? std::optional(Step{.load = load, .duration = duration_, .above = true})
             : std::nullopt;
}

std::optional<Step> Bisection::next_step() {
  if (ended_) return std::nullopt;
  const std::optional<Step> confirming = confirming_step();
  std::optional<Step> step = retry_ ? retry_ : trial_above();
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

void Bisection::learn(const Step& step) {
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

void Bisection::learn_pass(const Step& step, std::size_t trial) {
  lower_trial_ = trial;
  confirmed_ = step.duration >= spec_.final_duration;
  chooser_.passed(load_of(result_.trials[trial]));
  if (step.above) {
    ceiling_.reset();
    trials_above_ = kTrialsAbove;
  }
}

void Bisection::learn_fail(const Step& step, const TrialResult& trial) {
  upper_ = load_of(trial);
  if (step.confirming) only_final_trials_count();
  if (step.above) trials_above_ = kTrialsAbove;
  chooser_.failed(*upper_, forwarding_fps(trial));
}

void Bisection::learn_invalid(const Step& step, const TrialResult& trial) {
  if (step.above) return;
  const double offered = offered_fps(trial);
  achieved_.least_fps = std::min(achieved_.least_fps, offered);
  if (offered >= achieved_.offered_fps) {
    achieved_.offered_fps = offered;
    achieved_.forwarded_fps = forwarding_fps(trial);
  }
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

void Bisection::give_up(const Step& step) {
  const double offered = achieved_.offered_fps;
  const double load = step.load > 0 ? step.load : offered;
  const double known =
      lower_trial_ && !step.confirming ? load_of(result_.trials[*lower_trial_]) : 0;
  const bool steady = offered - achieved_.least_fps <= kSteady * offered;
  const bool limit = steady && offered > known && offered < load * (1 - spec_.precision);
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
    return fmt::format("the time limit of {:g} s came before the precision{}",
                       seconds(spec_.time_limit), ceiling_ ? "; " + not_vouched_for() : "");
  if (!result_.lower_bound_fps) return why_no_bound();
  if (result_.tester_limited && ceiling_) return not_vouched_for();
  if (result_.tester_limited) return "the tester can send no faster";
  if (!upper_)
    return fmt::format("the highest load asked, {} frames/s, passed", whole(spec_.max_fps));
  if (!confirmed_) return "not confirmed by a trial of the final duration";
  const double asked = load_of(*result_.final_trial);
  if (*upper_ - asked <= *upper_ * spec_.precision)
    return fmt::format("the trial of {} frames/s passed, and offered {}: take longer trials",
                       whole(asked), whole(*result_.lower_bound_fps));
  return fmt::format(
      "one frame in a trial of {:g} s is more than the precision: take longer trials",
      seconds(duration_));
}

std::string Bisection::not_vouched_for() const {
  return fmt::format("the tester cannot vouch for loads from {}{} frames/s: {}", whole(*ceiling_),
                     upper_ && *upper_ > *ceiling_ ? " to " + whole(*upper_) : "", ceiling_reason_);
}

std::string Bisection::why_no_bound() const {
  if (result_.trials.empty()) return "no trial took place";
  const std::string& last = result_.trials.back().reason;
  const std::optional<double> high = top();
  if (!high) return "the tester cannot vouch for any load: " + last;
  if (*high > floor_) return "no load has passed yet";
  if (upper_ && *upper_ <= *high)
    return fmt::format("even the lowest load, {} frames/s, failed: {}", whole(*upper_), last);
  return fmt::format("the tester cannot vouch for any load, not even {:.6g} frames/s: {}", *high,
                     ceiling_ ? ceiling_reason_ : last);
}

}  // namespace

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
