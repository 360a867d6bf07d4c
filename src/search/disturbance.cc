#include "search/disturbance.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"

namespace wireproof {

namespace {

// Trials that count: a host that was busy an hour ago may be so no more.
constexpr std::size_t kLatest = 16;
constexpr Nanoseconds kShorter = 4;
constexpr Nanoseconds kShortestPart = 16;
// Shorter pre-emptions are those of any ordinary host.
constexpr Nanoseconds kLong = 100 * kMicrosecond;

}  // namespace

void Disturbance::took(Nanoseconds duration, bool guaranteed) {
  if (latest_.size() == kLatest) latest_.erase(latest_.begin());
  latest_.push_back({duration, guaranteed});
}

double Disturbance::chance(Nanoseconds duration) const {
  int guaranteed = 1;
  int disturbed = 0;
  for (const Taken& one : latest_) {
    if (one.guaranteed && one.duration >= duration) ++guaranteed;
    if (!one.guaranteed && one.duration <= duration) ++disturbed;
  }
  return static_cast<double>(guaranteed) / (guaranteed + disturbed);
}

Nanoseconds Disturbance::longest(Nanoseconds wanted, Nanoseconds shortest) const {
  Nanoseconds duration = wanted;
  while (chance(duration) < 0.5 && duration / kShorter >= shortest &&
         duration / kShorter >= wanted / kShortestPart)
    duration /= kShorter;
  return duration;
}

std::string taken_away(const TrialResult& trial) {
  const PreemptionSummary* worst = nullptr;
  bool sends = true;
  const auto look = [&](const PreemptionSummary& one, bool of_sender) {
    if (one.max < kLong || (worst != nullptr && one.max <= worst->max)) return;
    worst = &one;
    sends = of_sender;
  };
  for (const DirectionResult& direction : trial.directions) {
    look(direction.pacing.preemptions, true);
    look(direction.receive_preemptions, false);
  }
  if (worst == nullptr) return {};
  return fmt::format("the host took the {} core away for {} of {}, {} of it at once",
                     sends ? "sender's" : "receiver's", format_duration(worst->total),
                     format_duration(trial.duration), format_duration(worst->max));
}

}  // namespace wireproof
