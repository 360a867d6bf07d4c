#include "trial/derive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "base/headers.h"
#include "base/units.h"

namespace wireproof {

namespace {

constexpr double kBitsPerByte = 8;

// Overflow-proof: a sum that wraps could agree with a wrong total by accident.
bool adds_up(std::uint64_t total, std::initializer_list<std::uint64_t> parts) {
  for (const std::uint64_t part : parts) {
    if (part > total) return false;
    total -= part;
  }
  return total == 0;
}

template <typename CountOf>
double lowest_rate(const TrialResult& result, CountOf count_of) {
  if (result.duration <= 0 || result.directions.empty()) return 0;
  double lowest = std::numeric_limits<double>::max();
  for (const DirectionResult& direction : result.directions)
    lowest = std::min(lowest, rate_fps(count_of(direction.counts), result.duration));
  return lowest;
}

}  // namespace

bool has_receiver(const DirectionResult& direction) {
  return direction.to.has_value();
}

std::string receiver_name(const DirectionResult& direction) {
  return direction.to.value_or("none");
}

std::string check_identities(const DirectionResult& direction) {
  const Counts& c = direction.counts;
  const Attribution& a = direction.attribution;
  if (!adds_up(c.intended, {c.offered, c.unsent}))
    return fmt::format("intended {} is not offered {} + unsent {}", c.intended, c.offered,
                       c.unsent);
  if (!adds_up(c.unsent, {a.tx_shortfall}))
    return fmt::format("unsent {} is not the shortfall attributed, {}", c.unsent, a.tx_shortfall);
  if (!has_receiver(direction)) return {};
  if (!adds_up(c.offered, {c.unique, c.lost}))
    return fmt::format("offered {} is not unique {} + lost {}", c.offered, c.unique, c.lost);
  if (!adds_up(c.received, {c.unique, c.duplicate}))
    return fmt::format("received {} is not unique {} + duplicate {}", c.received, c.unique,
                       c.duplicate);
  if (!adds_up(c.lost,
               {a.tx_ring, a.dut, a.rx_ring, a.rx_nic, a.late, a.readdressed, a.not_attributable}))
    return fmt::format(
        "lost {} is not what is attributed: tx ring {} + device {} + rx ring {} + rx NIC {} + late "
        "{} + readdressed {} + not attributable {}",
        c.lost, a.tx_ring, a.dut, a.rx_ring, a.rx_nic, a.late, a.readdressed, a.not_attributable);
  return {};
}

double loss_ratio(const Counts& counts) {
  if (counts.offered == 0) return 0;
  return static_cast<double>(counts.lost) / static_cast<double>(counts.offered);
}

double loss_ratio(const TrialResult& result) {
  Counts sum;
  for (const DirectionResult& direction : result.directions) {
    sum.offered += direction.counts.offered;
    sum.lost += direction.counts.lost;
  }
  return loss_ratio(sum);
}

Verdict verdict_by_loss(const TrialResult& result, double goal) {
  Verdict verdict = Verdict::kPass;
  for (const DirectionResult& direction : result.directions) {
    if (!has_receiver(direction) || loss_ratio(direction.counts) <= goal) continue;
    Counts certain = direction.counts;
    certain.lost -= std::min(certain.lost, direction.pacing.lost_behind);
    if (loss_ratio(certain) > goal) return Verdict::kFail;
    verdict = Verdict::kInvalid;
  }
  return verdict;
}

IntervalDelay interval_delay(const HistogramSteps& delays) {
  return {.samples = delays.samples(),
          .p50 = delays.percentile(0.5),
          .p99 = delays.percentile(0.99),
          .max = delays.highest()};
}

double rate_fps(std::uint64_t frames, Nanoseconds duration) {
  if (duration <= 0) return 0;
  return static_cast<double>(frames) * static_cast<double>(kSecond) / static_cast<double>(duration);
}

double offered_fps(const TrialResult& result) {
  return lowest_rate(result, [](const Counts& c) { return c.offered; });
}

double forwarding_fps(const TrialResult& result) {
  return lowest_rate(result, [](const Counts& c) { return c.unique; });
}

double layer1_bps(double fps, double frame_size) {
  return fps * (frame_size + double{kLineOverhead}) * kBitsPerByte;
}

double layer2_bps(double fps, double frame_size) {
  return fps * frame_size * kBitsPerByte;
}

double layer3_bps(double fps, double frame_size, bool tagged) {
  const std::size_t around = kEthernetLength + kFcsLength + (tagged ? kVlanLength : 0);
  return layer2_bps(fps, frame_size - static_cast<double>(around));
}

double line_rate_fps(double line_rate_bps, double frame_size) {
  assert(frame_size > 0);
  return line_rate_bps / ((frame_size + double{kLineOverhead}) * kBitsPerByte);
}

std::optional<double> by_short_trials_fps(const SearchResult& search) {
  const SearchSpec& spec = search.spec;
  if (spec.final_duration <= spec.trial_duration) return std::nullopt;
  const auto is = [&spec](const TrialResult& trial, Verdict verdict) {
    return !trial.spec.max_rate && trial.spec.duration < spec.final_duration &&
           trial.verdict != Verdict::kInvalid &&
           verdict_by_loss(trial, spec.goal.loss_ratio) == verdict;
  };
  double lowest_bad = std::numeric_limits<double>::max();
  for (const TrialResult& trial : search.trials) {
    if (is(trial, Verdict::kFail)) lowest_bad = std::min(lowest_bad, trial.spec.intended_fps);
  }
  std::optional<double> best;
  for (const TrialResult& trial : search.trials) {
    const double load = trial.spec.intended_fps;
    if (is(trial, Verdict::kPass) && load < lowest_bad) best = std::max(best.value_or(0), load);
  }
  return best;
}

std::string bounds_text(const SearchResult& search) {
  const auto bound = [](const std::optional<double>& fps) {
    return fps ? format_count(static_cast<std::uint64_t>(std::llround(*fps))) : std::string("?");
  };
  return fmt::format("{} .. {} frames/s", bound(search.lower_bound_fps),
                     bound(search.upper_bound_fps));
}

}  // namespace wireproof
