#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "suite/tests.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// What the repetitions of one direction had.
struct Repetitions {
  std::vector<double> means, medians, worst;
  Nanoseconds min = 0, max = 0;

  void add(const Distribution& delays) {
    min = means.empty() ? delays.min : std::min(min, delays.min);
    max = means.empty() ? delays.max : std::max(max, delays.max);
    means.push_back(std::round(delays.mean));  // as a document tells it, and a log
    if (delays.p50) medians.push_back(static_cast<double>(*delays.p50));
    if (delays.p99_9) worst.push_back(static_cast<double>(*delays.p99_9));
  }
};

using Way = std::tuple<std::string, std::string, std::uint32_t>;

LatencyOfDirection summary(const Way& way, const Repetitions& all) {
  LatencyOfDirection one{.from = std::get<0>(way),
                         .to = std::get<1>(way),
                         .stream = std::get<2>(way),
                         .repetitions = static_cast<unsigned>(all.means.size()),
                         .mean = spread_of(all.means).mean,
                         .min = all.min,
                         .max = all.max};
  // A percentile of some repetitions alone would not be one of them all.
  if (all.medians.size() == all.means.size()) one.typical = median(all.medians);
  if (all.worst.size() == all.means.size()) one.worst_case = median(all.worst);
  return one;
}

}  // namespace

Status run_latency(SuiteTrials& trials, const SuiteSpec& spec, double throughput_fps,
                   LatencyTest& into) {
  into.load_fps = throughput_fps;
  into.duration = spec.latency_duration;
  std::vector<Way> order;
  std::map<Way, Repetitions> found;
  for (unsigned i = 0; i < spec.latency_repetitions; ++i) {
    const auto trial =
        trials.measure({.intended_fps = throughput_fps, .duration = spec.latency_duration},
                       spec.invalid_retries, into.trial_ids);
    if (!trial) return tl::unexpected(trial.error());
    if ((*trial)->verdict == Verdict::kInvalid) {
      into.not_guaranteed = true;
      into.reason = (*trial)->reason;
      continue;
    }
    into.lost += lost_frames(**trial);
    for (const DirectionResult& direction : (*trial)->directions) {
      if (!direction.delay || direction.delay->actual.samples == 0) continue;
      const Way way{direction.from, receiver_name(direction), direction.stream};
      if (!found.contains(way)) order.push_back(way);
      found[way].add(direction.delay->actual);
      into.tx_span_max = std::max(into.tx_span_max, direction.delay->tx_span_max);
    }
    into.directions.clear();
    for (const Way& way : order) into.directions.push_back(summary(way, found[way]));
  }
  if (into.directions.empty() && into.reason.empty()) into.reason = "no delay was recorded";
  return {};
}

}  // namespace wireproof
