#include "search/mlr.h"

#include <algorithm>
#include <cmath>

#include "search/bisect.h"
#include "search/mlr_search.h"
#include "search/proven.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

// A trial that decides is repeated until so much time was spent, by these numbers at least and at
// most, where the tester has guaranteed its load or a higher one for a while: then it is disturbed
// there, and no lower load would be better.
constexpr Nanoseconds kSpentOnDeciding = 60 * kSecond;
constexpr unsigned kPatienceMin = 6;
constexpr unsigned kPatienceMax = 24;
// A trial of a duration with no better chance than that is made once.
constexpr double kPoorChance = 0.15;
// Frames that a trial needs for the precision to be some of them.
constexpr double kFramesOfPrecision = 2;
constexpr Nanoseconds kShortestTrial = 10 * kMillisecond;

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
    Result<TrialResult> measured = measurer_.measure(trial_of(*step));
    if (!measured) {
      if (Status ended = learn_error(measured.error()); !ended)
        return tl::unexpected(ended.error());
      break;
    }
    book_.keep(*std::move(measured));
    learn(*step);
    if (progress_) progress_({answers(), book_.trials(), step->goal, time_left()});
  }
  std::vector<SearchResult> found = answers();
  for (SearchResult& one : found) one.trials = book_.trials();
  return found;
}

TrialSpec MlrSearch::trial_of(const Step& step) const {
  const SearchSpec& goal = goals_[step.goal].spec();
  return {.id = book_.trials().size() + 1,
          .frame_size = goal.frame_size,
          .mean_frame_size = goal.mean_frame_size,
          .intended_fps = step.wish.fps,
          .max_rate = step.wish.fps == 0,
          .duration = duration_of(step),
          .goal_loss_ratio = goal.goal.loss_ratio};
}

// As long as it should be, or as the tester can guarantee.
Nanoseconds MlrSearch::duration_of(const Step& step) const {
  const Wish& wish = step.wish;
  if (!wish.shorter_will_do || wish.fps == 0) return wish.duration;
  const double least = kFramesOfPrecision / (wish.fps * common_.precision);
  const Nanoseconds shortest =
      std::max(kShortestTrial, static_cast<Nanoseconds>(std::min(least, 3600.0) * double{kSecond}));
  return disturbance_.longest(wish.duration, shortest);
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

// Before what lies below a load that was given up, so that the answer is bounded from above all the
// same.
std::optional<MlrSearch::Step> MlrSearch::above_given_up() const {
  if (!ceiling_ || ceiling_is_limit_ || trials_above_ == kTrialsAbove) return std::nullopt;
  const double load =
      load_above(std::max(*ceiling_, came_back_fps_), common_.precision, trials_above_);
  if ((common_.max_fps > 0 && load >= common_.max_fps) || (unpaced_ && load >= *unpaced_))
    return std::nullopt;
  for (std::size_t i = 0; i < goals_.size(); ++i) {
    if (goals_[i].upper_bound() != nullptr) continue;
    return Step{
        i, {.fps = load, .duration = common_.trial_duration, .shorter_will_do = true}, true};
  }
  return std::nullopt;
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
  if (ended_) return std::nullopt;
  std::optional<Step> step = retry_ ? retry_ : above_given_up();
  if (!step) step = wanted();
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
  const Nanoseconds own = duration_of(*step) + overhead();
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
  came_back_fps_ = std::max(came_back_fps_, forwarding_fps(trial));
  if (step.above) ++trials_above_;
  if (trial.interrupted) {
    interrupted_ = ended_ = true;
    return;
  }
  if (step.wish.fps > 0) disturbance_.took(trial.spec.duration, trial.verdict != Verdict::kInvalid);
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
  if (step.above) {
    trials_above_ = kTrialsAbove;
    if (book_.trials()[trial].verdict == Verdict::kPass) ceiling_.reset();
  }
  for (std::size_t i = 0; i < goals_.size(); ++i)
    goals_[i].look(book_, range(), i == step.goal ? &step.wish : nullptr);
}

void MlrSearch::learn_invalid(const Step& step, const TrialResult& trial) {
  if (step.wish.fps > 0) host_ = taken_away(trial);
  if (step.above) return;
  achieved_.note(trial);
  if (worth_retrying(step)) {
    ++retries_;
    if (duration_of(step) < trial.spec.duration) retries_ = 0;
    retry_ = step;
    return;
  }
  if (short_pass_) return take(step, *short_pass_);  // what passed once is not given up
  ceiling_reason_ = trial.reason;
  give_up(step);
}

bool MlrSearch::worth_retrying(const Step& step) const {
  const TrialResult& trial = book_.trials().back();
  if (step.wish.fps == 0) {  // never paced: what it lost says nothing, and will not the next time
    const bool lost = loss_ratio(trial) > goals_[step.goal].spec().goal.loss_ratio;
    return retries_ < common_.invalid_retries && !(offered_fps(trial) > 0 && lost);
  }
  if (common_.invalid_retries == 0) return false;
  if (achieved_.trials > common_.invalid_retries && is_limit(step)) return false;
  const Nanoseconds next = duration_of(step);
  if (next < trial.spec.duration) return true;
  if (disturbs_decision(step)) {
    const auto most = static_cast<unsigned>(kSpentOnDeciding / next);
    return retries_ + 1 < std::clamp(most, kPatienceMin, kPatienceMax);
  }
  return retries_ < common_.invalid_retries && disturbance_.chance(next) >= kPoorChance;
}

// A shorter trial will not do, and it is known that the tester can send that load.
bool MlrSearch::disturbs_decision(const Step& step) const {
  return !step.wish.shorter_will_do && book_.reaches(step.wish.fps);
}

// What it achieved at this load is all that the tester can.
bool MlrSearch::is_limit(const Step& step) const {
  const double offered = achieved_.offered_fps;
  const double load = step.wish.fps > 0 ? step.wish.fps : offered;
  return achieved_.steady() && offered > 0 &&
         offered < load * (1 - goals_[step.goal].spec().precision);
}

void MlrSearch::give_up(const Step& step) {
  const double offered = achieved_.offered_fps;
  const double load = step.wish.fps > 0 ? step.wish.fps : offered;
  const bool limit = is_limit(step);
  ++given_up_;
  undecided_ = !limit && disturbs_decision(step);
  if (undecided_) {
    ended_ = true;
  } else if (load > 0) {
    ceiling_ = limit ? offered : load;
    ceiling_is_limit_ = limit || step.wish.fps == 0;
  } else {
    ended_ = true;
  }
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
  // Each load is retried by trials of three durations, and some above it are tried beside it.
  return 2 * valid * (3 + std::max(goals.front().invalid_retries, kPatienceMax)) + kTrialsAbove;
}

}  // namespace wireproof
