#include "search/goal_search.h"

#include <algorithm>
#include <cmath>

#include "search/proven.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

using Leans = GoalSearch::Load::Leans;
using Expects = Wish::Expects;

// Of the precision: how far from a guess the first probes are. Two of them, below and above, stay
// within one width.
constexpr double kNearestProbe = 0.4;
// A guess that disappoints in both ways (see guess()) is looked for that much further away, and no
// further than a quarter.
constexpr double kWider = 2;
constexpr double kFurthestProbe = 0.25;
// The same upwards from what came back where no load was at stake.
constexpr double kWiderUpwards = 4;
// Where nothing is good yet and no guess is left: downwards by this part of the load at most.
constexpr double kDownwards = 0.875;
// The same below a load that could not be tried, where none could as yet; otherwise by the
// precision, and by twice as much with each.
constexpr double kBelowUntried = 0.5;
// Of two loads that lost too much, the higher one lost that much more: else what they lost says
// little of where it begins.
constexpr double kTells = 1.2;
// Short trials that an open interval is taken to need yet.
constexpr Nanoseconds kProbesExpected = 2;

double mean(const TrialBook& book, const TriedLoad& load, Nanoseconds at_least) {
  double sum = 0;
  int count = 0;
  for (const std::size_t trial : load.trials) {
    if (book.trials()[trial].spec.duration < at_least) continue;
    sum += loss_ratio(book.trials()[trial]);
    ++count;
  }
  return count > 0 ? sum / count : -1;
}

}  // namespace

bool GoalSearch::narrow(double low, double high) const {
  return high - low <= high * spec_.precision ||
         (high - low) *
                 seconds(short_ones_overstate_ ? spec_.final_duration : spec_.trial_duration) <
             1;
}

void GoalSearch::weigh_loads(const TrialBook& book) {
  loads_.clear();
  short_ones_overstate_ = false;
  for (const TriedLoad& tried : book.loads()) {
    Load& load = loads_.emplace_back();
    load.fps = tried.fps;
    for (const std::size_t trial : tried.trials) load.times.add(book.trials()[trial], spec_);
    load.is = classify(load.times, spec_);
    const double of_full = mean(book, tried, spec_.final_duration);
    load.loss_ratio = of_full >= 0 ? of_full : mean(book, tried, 0);
    for (const std::size_t trial : tried.trials) {
      const TrialResult& full = book.trials()[trial];
      if (full.spec.duration < spec_.final_duration ||
          verdict_by_loss(full, spec_.goal.loss_ratio) != Verdict::kPass)
        continue;
      load.proven_fps = std::max(load.proven_fps, proven_fps(full));
    }
    load.leans = tends_to_good(load.times, spec_) ? Leans::kGood : Leans::kBad;
    const LoadTimes& times = load.times;
    short_ones_overstate_ |= load.leans == Leans::kBad && times.full_high > 0 &&
                             times.short_low > 0 && times.short_high == 0;
  }
  if (!short_ones_overstate_) return;
  for (Load& load : loads_) {
    if (load.leans == Leans::kGood && load.times.full_low == 0) load.leans = Leans::kNowhere;
  }
}

void GoalSearch::find_ends() {
  low_ = high_ = upper_bound_ = lower_bound_ = std::nullopt;
  for (std::size_t i = loads_.size(); i-- > 0;) {
    if (loads_[i].leans == Leans::kBad) high_ = i;
    if (loads_[i].is == LoadClass::kUpperBound) upper_bound_ = i;
  }
  for (std::size_t i = 0; i < loads_.size(); ++i) {
    if (loads_[i].leans == Leans::kGood && (!high_ || i < *high_)) low_ = i;
    if (loads_[i].is == LoadClass::kLowerBound && (!upper_bound_ || i < *upper_bound_))
      lower_bound_ = i;
  }
}

void GoalSearch::look(const TrialBook& book, const LoadRange& range, const Wish* wished) {
  const bool trusted = !short_ones_overstate_;
  weigh_loads(book);
  for (Load& load : loads_) {
    if (range.closed_above && load.fps >= range.highest && load.is == LoadClass::kUndecided)
      load.leans = Leans::kNowhere;
  }
  find_ends();
  if (trusted && short_ones_overstate_) {  // as if it were another device
    disappointments_ = 0;
    disappointed_ = false;
  }
  if (wished == nullptr || wished->expects == Expects::kNothing) return;
  for (const Load& load : loads_) {
    if (load.fps != wished->fps) continue;
    const Leans wanted = wished->expects == Expects::kGood ? Leans::kGood : Leans::kBad;
    const std::optional<double> now = guess(range);
    disappointed_ =
        load.leans != wanted || (now && std::abs(*now - wished->guess) > reach() * wished->guess);
    if (disappointed_) ++disappointments_;
  }
}

// Relative, from a guess to the loads beside it that are tried.
double GoalSearch::reach() const {
  return kNearestProbe * spec_.precision * std::pow(kWider, disappointments_ / 2);
}

// Where the loss is what the goal allows. From one load alone: what comes back is all the device
// has. With two, either the frames that are too many grow evenly with the load, which is so for a
// device with a capacity, or the ratio of them does, as where loss sets in gradually: the one is
// believed until it disappoints, then the other.
std::optional<double> GoalSearch::guess(const LoadRange& range) const {
  const double allowed = spec_.goal.loss_ratio;
  if (!high_) {
    const bool tells = range.hint > 0 && !narrow(range.hint, range.highest);
    return tells ? std::optional(range.hint) : std::nullopt;
  }
  const bool gradual = disappointments_ % 2 == 1;
  const auto too_many = [&](const Load& load) {
    return (load.loss_ratio - allowed) * (gradual ? 1 : load.fps);
  };
  const auto root = [&](const Load& one, const Load& two) {
    return one.fps - too_many(one) * (two.fps - one.fps) / (too_many(two) - too_many(one));
  };
  const Load& high = loads_[*high_];
  if (low_ && loads_[*low_].loss_ratio > 0 && too_many(high) > 0 && too_many(loads_[*low_]) <= 0)
    return root(loads_[*low_], high);
  for (std::size_t i = *high_ + 1; i < loads_.size(); ++i) {
    if (loads_[i].leans != Leans::kBad || too_many(loads_[i]) < kTells * too_many(high)) continue;
    if (const double found = root(high, loads_[i]); found > 0 && found < high.fps) return found;
  }
  return high.fps * (1 - high.loss_ratio) / (1 - allowed);
}

// A trial that narrows the interval.
Wish GoalSearch::try_at(double fps) const {
  if (short_ones_overstate_) return {fps, spec_.final_duration};
  return {.fps = fps, .duration = spec_.trial_duration, .shorter_will_do = true};
}

std::optional<Wish> GoalSearch::probe(double guess, double low, double high) const {
  if (!(low < guess && guess < high)) return std::nullopt;
  const auto probe_at = [&](double fps, Expects expects) {
    Wish wish = try_at(fps);
    wish.expects = expects;
    wish.guess = guess;
    return wish;
  };
  const auto below = [&](double fps) { return probe_at(fps, Expects::kGood); };
  const auto above = [&](double fps) { return probe_at(fps, Expects::kBad); };
  if (!disappointed_) {
    // One end is near enough already: the other one as far from the guess as from being too wide.
    const double highest_narrow = low / (1 - spec_.precision);
    if (low_ && guess < highest_narrow)
      return above(std::sqrt(guess * std::min(high, highest_narrow)));
    const double lowest_narrow = high * (1 - spec_.precision);
    if (guess > lowest_narrow) return below(std::sqrt(guess * std::max(low, lowest_narrow)));
  }
  if (reach() > kFurthestProbe) return std::nullopt;
  if (guess * (1 - reach()) > low) return below(guess * (1 - reach()));
  if (guess * (1 + reach()) < high) return above(guess * (1 + reach()));
  return std::nullopt;
}

// What came back without a schedule is carried on one: a little more is tried, and then more.
std::optional<Wish> GoalSearch::above_the_hint(double low, double high,
                                               const LoadRange& range) const {
  const double step = spec_.precision * std::pow(kWiderUpwards, disappointments_);
  if (high_ || range.hint <= 0 || range.hint > low || step > kFurthestProbe) return std::nullopt;
  Wish wish = try_at(low * (1 + step));
  if (wish.fps >= high) return std::nullopt;
  wish.expects = Expects::kBad;
  wish.guess = range.hint;
  return wish;
}

// Without a guess the geometric middle, since the precision is relative. Where nothing is good yet,
// downwards by what the load lost, or by what the guesses have been wrong by.
Wish GoalSearch::narrowing(double low, double high, const LoadRange& range) const {
  if (const std::optional<double> guessed = guess(range)) {
    if (const std::optional<Wish> wish = probe(*guessed, low, high)) return *wish;
  }
  if (low_) {
    if (const std::optional<Wish> wish = above_the_hint(low, high, range)) return *wish;
    return try_at(std::sqrt(low) * std::sqrt(high));
  }
  const bool failed = high_ && loads_[*high_].fps <= high;
  const double lost = failed ? loads_[*high_].loss_ratio
                      : loads_.empty()
                          ? kBelowUntried
                          : spec_.precision * std::ldexp(1, static_cast<int>(range.given_up) - 1);
  const double down = std::min(std::max(lost, reach()), kDownwards);
  return try_at(std::max(low, high * (1 - down)));
}

// Nothing that can be tried has been bad yet.
std::optional<Wish> GoalSearch::below_the_top(const LoadRange& range) const {
  const double low = low_ ? loads_[*low_].fps : range.lowest;
  if (low_ && low >= range.highest) return wish_to_confirm();
  if (range.closed_above) {
    if (low_ && narrow(low, range.highest)) return wish_to_confirm();
    if (!low_ && narrow(low, range.highest)) return try_at(range.lowest);
    return narrowing(low, range.highest, range);
  }
  if (range.hint > 0 && range.hint < range.highest && !narrow(low, range.highest))
    return narrowing(low, range.highest, range);
  return try_at(range.highest);
}

std::optional<Wish> GoalSearch::wish(const LoadRange& range) const {
  if (!high_ || (range.closed_above && range.highest < loads_[*high_].fps))
    return below_the_top(range);
  const Load& high = loads_[*high_];
  if (low_) {
    const double low = loads_[*low_].fps;
    return narrow(low, high.fps) ? deciding() : std::optional(narrowing(low, high.fps, range));
  }
  if (high.fps <= range.lowest) return decide_high();
  if (narrow(range.lowest, high.fps)) return try_at(range.lowest);
  return narrowing(range.lowest, high.fps, range);
}

// The end that fewer trials were made at: it is the likelier to come out the other way.
std::optional<Wish> GoalSearch::deciding() const {
  const auto tried = [](const LoadTimes& times) {
    return times.full_low + times.full_high + times.short_low + times.short_high;
  };
  const bool high_first = tried(loads_[*high_].times) < tried(loads_[*low_].times);
  std::optional<Wish> first = high_first ? decide_high() : wish_to_confirm();
  if (!first) first = high_first ? wish_to_confirm() : decide_high();
  return first ? first : between_the_bounds();
}

// Both ends are decided. What the trial of the lower one left out of its load it has not proven: an
// interval that is too wide for that becomes narrower in between, unless that part alone is most of
// what the precision leaves.
std::optional<Wish> GoalSearch::between_the_bounds() const {
  constexpr double kMostLeftOut = 0.5;
  const Load& low = loads_[*low_];
  const Load& high = loads_[*high_];
  if (low.proven_fps <= 0 || low.is != LoadClass::kLowerBound) return std::nullopt;
  const double allowed = high.fps * spec_.precision;
  if (high.fps - low.proven_fps <= allowed || low.fps - low.proven_fps > kMostLeftOut * allowed)
    return std::nullopt;
  const double middle = std::sqrt(low.fps) * std::sqrt(high.fps);
  if ((high.fps - low.fps) * seconds(spec_.final_duration) < 2) return std::nullopt;
  return Wish{.fps = middle, .duration = spec_.final_duration, .decides = true};
}

std::optional<Wish> GoalSearch::wish_to_confirm() const {
  if (!low_ || loads_[*low_].is == LoadClass::kLowerBound) return std::nullopt;
  return Wish{loads_[*low_].fps, spec_.final_duration, true};
}

// Short trials are as good against a load as long ones, as long as none of them says otherwise.
std::optional<Wish> GoalSearch::decide_high() const {
  const Load& high = loads_[*high_];
  if (high.is == LoadClass::kUpperBound) return std::nullopt;
  const Nanoseconds missing = bad_time_missing(high.times, spec_);
  const Nanoseconds duration =
      high.times.short_low > 0 ? spec_.final_duration
                               : std::clamp(missing, spec_.trial_duration, spec_.final_duration);
  return Wish{high.fps, duration, true, high.times.short_low == 0 && missing <= duration};
}

Nanoseconds GoalSearch::time_to_confirm(Nanoseconds overhead) const {
  if (!low_ || loads_[*low_].is == LoadClass::kLowerBound) return 0;
  const Nanoseconds missing = good_time_missing(loads_[*low_].times, spec_);
  if (missing == kEndless) return 0;
  const Nanoseconds trials = (missing + spec_.final_duration - 1) / spec_.final_duration;
  return trials * (spec_.final_duration + overhead);
}

Nanoseconds GoalSearch::time_missing(const LoadRange& range, Nanoseconds overhead) const {
  const std::optional<Wish> next = wish(range);
  if (!next) return 0;
  const Nanoseconds sum = duration_sum(spec_);
  const Nanoseconds to_confirm = low_ ? time_to_confirm(overhead) : sum + overhead;
  const Nanoseconds against = high_ ? bad_time_missing(loads_[*high_].times, spec_) : 0;
  const Nanoseconds trials = (against + spec_.final_duration - 1) / spec_.final_duration;
  const Nanoseconds narrowing = next->decides ? 0 : kProbesExpected * (next->duration + overhead);
  return to_confirm + against + trials * overhead + narrowing;
}

}  // namespace wireproof
