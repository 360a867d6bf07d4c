#include "search/load_class.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "trial/derive.h"

namespace wireproof {

namespace {

struct Weighed {
  double high;  // effective time of trials that lost too much
  double full;  // effective time of all that count
};

Weighed weigh(const LoadTimes& times, double exceed_ratio) {
  const double coefficient = exceed_ratio / (1 - exceed_ratio);
  const double excess = std::max(0.0, static_cast<double>(times.short_high) -
                                          static_cast<double>(times.short_low) * coefficient);
  const double high = static_cast<double>(times.full_high) + excess;
  return {high, static_cast<double>(times.full_low) + high};
}

}  // namespace

Nanoseconds duration_sum(const SearchSpec& goal) {
  return goal.duration_sum > 0 ? goal.duration_sum : goal.final_duration;
}

void LoadTimes::add(const TrialResult& trial, const SearchSpec& goal) {
  const bool high = loss_ratio(trial) > goal.goal.loss_ratio;
  const bool full = trial.spec.duration >= goal.final_duration;
  (full ? (high ? full_high : full_low) : (high ? short_high : short_low)) += trial.spec.duration;
}

LoadClass classify(const LoadTimes& times, const SearchSpec& goal) {
  const Weighed now = weigh(times, goal.goal.exceed_ratio);
  const double whole = std::max(now.full, static_cast<double>(duration_sum(goal)));
  const double allowed = whole * goal.goal.exceed_ratio;
  const bool at_best = now.high <= allowed;
  const bool at_worst = whole - static_cast<double>(times.full_low) <= allowed;
  if (at_best && at_worst) return LoadClass::kLowerBound;
  if (!at_best && !at_worst) return LoadClass::kUpperBound;
  return LoadClass::kUndecided;
}

bool tends_to_good(const LoadTimes& times, const SearchSpec& goal) {
  const Weighed now = weigh(times, goal.goal.exceed_ratio);
  return now.high <= now.full * goal.goal.exceed_ratio;
}

Nanoseconds good_time_missing(const LoadTimes& times, const SearchSpec& goal) {
  const double e = goal.goal.exceed_ratio;
  const Weighed now = weigh(times, e);
  const auto sum = static_cast<double>(duration_sum(goal));
  double missing = sum * (1 - e) - static_cast<double>(times.full_low);
  if (now.high > sum * e) {
    if (e == 0) return kEndless;
    missing = std::max(missing, now.high / e - now.full);
  }
  return static_cast<Nanoseconds>(std::ceil(std::max(0.0, missing)));
}

Nanoseconds bad_time_missing(const LoadTimes& times, const SearchSpec& goal) {
  const double e = goal.goal.exceed_ratio;
  const Weighed now = weigh(times, e);
  const double allowed = std::max(static_cast<double>(duration_sum(goal)) * e,
                                  static_cast<double>(times.full_low) * e / (1 - e));
  return now.high > allowed ? 0 : static_cast<Nanoseconds>(std::floor(allowed - now.high)) + 1;
}

double conditional_throughput_fps(double load, std::span<const TrialResult* const> trials,
                                  const SearchSpec& goal) {
  std::vector<std::pair<double, Nanoseconds>> full;  // loss ratio, duration
  Nanoseconds all = 0;
  for (const TrialResult* trial : trials) {
    if (trial->spec.duration < goal.final_duration) continue;
    full.emplace_back(loss_ratio(*trial), trial->spec.duration);
    all += trial->spec.duration;
  }
  std::sort(full.begin(), full.end());
  double remaining =
      static_cast<double>(std::max(duration_sum(goal), all)) * (1 - goal.goal.exceed_ratio);
  double loss = 1;
  for (const auto& [of_trial, duration] : full) {
    if (remaining <= 0) break;
    loss = of_trial;
    remaining -= static_cast<double>(duration);
  }
  return load * (1 - (remaining > 0 ? 1 : loss));  // what was not measured is taken as lost
}

}  // namespace wireproof
