#include "search/mlr.h"

#include <algorithm>
#include <cmath>

#include "search/bisect.h"
#include "search/mlr_search.h"
#include "search/proven.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

// Retries of a load that the tester has been seen to guarantee, or a higher one: so many times
// more.
constexpr unsigned kPatience = 4;

// Valid trials that one goal may take: there for devices that never do the same twice. Any other
// needs some twenty to narrow its interval, and two loads decided.
std::size_t valid_trials_max(const SearchSpec& goal) {
  constexpr std::size_t kNarrowing = 40;
  constexpr std::size_t kLoadsDecided = 5;
  const Nanoseconds sum = duration_sum(goal);
  const auto full = static_cast<std::size_t>((sum + goal.final_duration - 1) / goal.final_duration);
  return kNarrowing + kLoadsDecided * (full + 1);
}

}  // namespace

MlrSearch::MlrSearch(std::span<const SearchSpec> goals, Measurer& measurer, const Clock& clock,
                     const MlrProgress& progress)
    : measurer_(measurer),
      clock_(clock),
      progress_(progress),
      start_(clock.now()),
      common_(goals.front()),
      floor_([&] {
        double floor = 0;
        for (const SearchSpec& goal : goals) floor = std::max(floor, lowest_load(goal));
        return floor;
      }()) {
  for (const SearchSpec& goal : goals) {
    goals_.emplace_back(goal);
    valid_trials_max_ += valid_trials_max(goal);
  }
}

Result<std::vector<SearchResult>> MlrSearch::run() {
  while (const std::optional<Step> step = next_step()) {
    const SearchSpec& goal = goals_[step->goal].spec();
    const TrialSpec trial{.id = book_.trials().size() + 1,
                          .frame_size = goal.frame_size,
                          .mean_frame_size = goal.mean_frame_size,
                          .intended_fps = step->wish.fps,
                          .max_rate = step->wish.fps == 0,
                          .duration = step->wish.duration,
                          .goal_loss_ratio = goal.goal.loss_ratio};
    Result<TrialResult> measured = measurer_.measure(trial);
    if (!measured) {
      if (Status ended = learn_error(measured.error()); !ended)
        return tl::unexpected(ended.error());
      break;
    }
    book_.keep(*std::move(measured));
    learn(*step);
    if (progress_) progress_(answers(), step->goal, time_left());
  }
  return answers();
}

LoadRange MlrSearch::range() const {
  LoadRange range{.lowest = floor_, .highest = kUnboundedFps, .given_up = given_up_, .hint = hint_};
  if (common_.max_fps > 0) range.highest = common_.max_fps;
  if (unpaced_) range.highest = std::min(range.highest, *unpaced_);
  if (ceiling_ && *ceiling_ <= range.highest) {
    range.highest = *ceiling_;
    range.closed_above = true;
  }
  return range;
}

// All goals' intervals first, so that one has an estimate of each early; then goal by goal.
std::optional<MlrSearch::Step> MlrSearch::wanted() const {
  const LoadRange where = range();
  if (where.highest <= 0 || (where.closed_above && where.highest <= floor_)) return std::nullopt;
  if (common_.max_fps == 0 && !unpaced_ && !ceiling_)
    return Step{0, {.fps = 0, .duration = common_.trial_duration}};
  std::optional<Step> first;
  for (std::size_t i = 0; i < goals_.size(); ++i) {
    const std::optional<Wish> wish = goals_[i].wish(where);
    if (!wish) continue;
    if (!wish->decides) return Step{i, *wish};
    if (!first) first = Step{i, *wish};
  }
  return first;
}

// There is no time for what is wanted: what can still be confirmed.
std::optional<MlrSearch::Step> MlrSearch::confirming() const {
  for (std::size_t i = 0; i < goals_.size(); ++i) {
    const std::optional<Wish> wish = goals_[i].wish_to_confirm();
    if (wish && in_time(goals_[i].time_to_confirm(overhead()))) return Step{i, *wish};
  }
  return std::nullopt;
}

std::optional<MlrSearch::Step> MlrSearch::next_step() {
  if (ended_ || undecided_ == kUndecidedMost) return std::nullopt;
  std::optional<Step> step = retry_ ? retry_ : wanted();
  if (!step) return std::nullopt;
  if (valid_trials_ >= valid_trials_max_) {
    too_many_ = true;
    return std::nullopt;
  }
  Nanoseconds reserve = 0;  // for what there is time to confirm at all
  for (const GoalSearch& goal : goals_) {
    const Nanoseconds needed = goal.time_to_confirm(overhead());
    if (in_time(needed)) reserve += needed;
  }
  const Nanoseconds own = step->wish.duration + overhead();
  const bool confirms = step->wish.decides && goals_[step->goal].low() != nullptr &&
                        goals_[step->goal].low()->fps == step->wish.fps;
  if (book_.trials().empty() || in_time(confirms ? own : own + reserve)) return step;
  if (short_pass_) take(*retry_, *short_pass_);
  retry_.reset();
  out_of_time_ = true;
  return confirming();
}

// Warm-up, drain and waits come on top of each trial; they are taken to stay what they were.
Nanoseconds MlrSearch::overhead() const {
  const auto count = static_cast<Nanoseconds>(book_.trials().size());
  if (count == 0) return 0;
  Nanoseconds sending = 0;
  for (const TrialResult& trial : book_.trials()) sending += trial.spec.duration;
  return std::max<Nanoseconds>(0, (clock_.now() - start_ - sending) / count);
}

bool MlrSearch::in_time(Nanoseconds cost) const {
  return common_.time_limit == 0 || clock_.now() - start_ + cost <= common_.time_limit;
}

Nanoseconds MlrSearch::time_left() const {
  if (ended_) return 0;
  Nanoseconds left = 0;
  for (const GoalSearch& goal : goals_) left += goal.time_missing(range(), overhead());
  if (common_.time_limit > 0)
    left = std::min(left, std::max<Nanoseconds>(0, common_.time_limit - (clock_.now() - start_)));
  return left;
}

void MlrSearch::learn(const Step& step) {
  const TrialResult& trial = book_.trials().back();
  retry_.reset();
  if (trial.interrupted) {
    interrupted_ = ended_ = true;
    return;
  }
  if (trial.verdict == Verdict::kInvalid) return learn_invalid(step, trial);
  if (fell_short(trial, goals_[step.goal].spec().precision) && retries_ < common_.invalid_retries) {
    ++retries_;
    retry_ = step;
    short_pass_ = book_.trials().size() - 1;
    return;
  }
  if (trial.spec.max_rate) return learn_unpaced(trial);
  take(step, book_.trials().size() - 1);
}

void MlrSearch::learn_unpaced(const TrialResult& trial) {
  retries_ = 0;
  achieved_ = {};
  const double offered = offered_fps(trial);
  if (offered <= 0) {
    ended_ = true;
    return;
  }
  unpaced_ = offered;
  if (loss_ratio(trial) > 0) hint_ = forwarding_fps(trial);
}

void MlrSearch::take(const Step& step, std::size_t trial) {
  book_.take_as_evidence(trial);
  ++valid_trials_;
  retries_ = 0;
  achieved_ = {};
  short_pass_.reset();
  for (std::size_t i = 0; i < goals_.size(); ++i)
    goals_[i].look(book_, range(), i == step.goal ? &step.wish : nullptr);
}

void MlrSearch::learn_invalid(const Step& step, const TrialResult& trial) {
  const double offered = offered_fps(trial);
  achieved_.note(trial);
  const bool hopeless = step.wish.fps == 0 && offered > 0 &&
                        loss_ratio(trial) > goals_[step.goal].spec().goal.loss_ratio;
  const bool known = step.wish.fps > 0 && book_.reaches(step.wish.fps, step.wish.duration);
  const unsigned most = common_.invalid_retries * (known ? kPatience : 1);
  if (retries_ < most && !hopeless) {
    ++retries_;
    retry_ = step;
    return;
  }
  if (short_pass_) return take(step, *short_pass_);  // what passed once is not given up
  ceiling_reason_ = trial.reason;
  give_up(step);
}

void MlrSearch::give_up(const Step& step) {
  const double offered = achieved_.offered_fps;
  const double load = step.wish.fps > 0 ? step.wish.fps : offered;
  const bool limit = achieved_.steady() && offered > 0 &&
                     offered < load * (1 - goals_[step.goal].spec().precision);
  ++given_up_;
  if (step.wish.decides && !limit) ++undecided_;
  if (load > 0)
    ceiling_ = limit ? offered : load;
  else
    ended_ = true;
  hint_ = std::min(offered, achieved_.forwarded_fps);
  retries_ = 0;
  achieved_ = {};
  for (GoalSearch& goal : goals_) goal.look(book_, range(), nullptr);
}

Status MlrSearch::learn_error(const Error& error) {
  ended_ = true;
  if (error.kind == ErrorKind::kInterrupted) {
    interrupted_ = true;
    return {};
  }
  if (book_.trials().empty()) return tl::unexpected(error);
  error_ = error;
  return {};
}

Status check_goals(std::span<const SearchSpec> goals) {
  if (goals.empty()) return fail(ErrorKind::kUsage, "a search needs a goal");
  const SearchSpec& first = goals.front();
  for (const SearchSpec& goal : goals) {
    if (Status ok = check_search(goal); !ok) return ok;
    if (!(goal.goal.exceed_ratio >= 0 && goal.goal.exceed_ratio < 1))
      return fail(ErrorKind::kUsage, "the exceed ratio must be at least 0 and below 100 %");
    if (duration_sum(goal) < goal.final_duration)
      return fail(ErrorKind::kUsage,
                  "the duration sum must not be shorter than the final duration");
    if (goal.min_fps != first.min_fps || goal.max_fps != first.max_fps ||
        goal.frame_size != first.frame_size || goal.time_limit != first.time_limit ||
        goal.invalid_retries != first.invalid_retries)
      return fail(ErrorKind::kUsage,
                  "the goals of one search must be of the same frames and loads");
  }
  return {};
}

Result<std::vector<SearchResult>> mlr_search(std::span<const SearchSpec> goals, Measurer& measurer,
                                             const Clock& clock, const MlrProgress& progress) {
  if (Status ok = check_goals(goals); !ok) return tl::unexpected(ok.error());
  return MlrSearch(goals, measurer, clock, progress).run();
}

std::size_t mlr_trials_max(std::span<const SearchSpec> goals) {
  std::size_t valid = 1;  // the one without a schedule, and one given up for each
  for (const SearchSpec& goal : goals) valid += valid_trials_max(goal);
  return 2 * valid * (1 + kPatience * goals.front().invalid_retries);
}

}  // namespace wireproof
