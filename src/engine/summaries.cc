#include "engine/summaries.h"

#include <algorithm>

namespace wireproof {
namespace {

Distribution distribution_of(const SampleRecord& record) {
  // The edge of the last step may lie beyond the greatest sample, which is known exactly.
  const auto percentile = [&record](double quantile) {
    auto value = record.histogram.percentile(quantile);
    if (value) value = std::min(*value, record.max);
    return value;
  };
  return {.samples = record.samples,
          .min = record.min,
          .mean = record.mean(),
          .stdev = record.stdev(),
          .max = record.max,
          .p50 = percentile(0.5),
          .p90 = percentile(0.9),
          .p99 = percentile(0.99),
          .p99_9 = percentile(0.999),
          .p99_99 = percentile(0.9999),
          .p99_999 = percentile(0.99999)};
}

}  // namespace

std::optional<DelaySummary> delay_summary(RxLanes lanes, bool scheduled) {
  SampleRecord all;
  SampleRecord from_schedule;
  DelaySummary summary;
  for (const auto& lane : lanes) {
    all.merge(lane->analyzer().delays());
    from_schedule.merge(lane->analyzer().delays_from_schedule());
    summary.negative += lane->analyzer().negative_delays();
  }
  if (all.samples == 0 && summary.negative == 0) return std::nullopt;
  summary.actual = distribution_of(all);
  summary.steps = all.histogram.steps();
  if (scheduled && all.samples > 0) summary.scheduled = distribution_of(from_schedule);
  return summary;
}

std::optional<JitterSummary> jitter_summary(RxLanes lanes, Nanoseconds reference,
                                            const Distribution& delays) {
  SpaceJitter rfc3550;
  Ipdv ipdv;
  SignedHistogram about_reference;
  JitterSummary summary;
  for (const auto& lane : lanes) {
    const DelayVariation* variation = lane->analyzer().variation();
    if (variation == nullptr) return std::nullopt;
    rfc3550.merge(variation->jitter());
    ipdv.merge(variation->ipdv());
    about_reference.merge(lane->analyzer().delays_about_reference());
    summary.ipdv_window = variation->window();
  }
  summary.rfc3550_mean = rfc3550.mean();
  summary.rfc3550_max = rfc3550.max;
  summary.rfc3550_spaces = rfc3550.spaces;
  summary.ipdv_pairs = ipdv.pairs;
  summary.ipdv_mean_abs = ipdv.mean_abs();
  summary.ipdv_min = ipdv.min;
  summary.ipdv_max = ipdv.max;
  const auto of_ipdv = [&ipdv](double quantile) {
    auto value = ipdv.histogram.percentile(quantile);
    if (value) value = std::clamp(*value, ipdv.min, ipdv.max);
    return value;
  };
  summary.ipdv_p0_1 = of_ipdv(0.001);
  summary.ipdv_p50 = of_ipdv(0.5);
  summary.ipdv_p99_9 = of_ipdv(0.999);
  summary.pdv_max = delays.max - delays.min;
  const auto of_pdv = [&](double quantile) {
    auto value = about_reference.percentile(quantile);
    if (value) {
      value = std::clamp(*value + reference - delays.min, Nanoseconds{0}, summary.pdv_max);
    }
    return value;
  };
  summary.pdv_p50 = of_pdv(0.5);
  summary.pdv_p99 = of_pdv(0.99);
  summary.pdv_p99_9 = of_pdv(0.999);
  return summary;
}

ReorderingSummary reordering_summary(RxLanes lanes) {
  Reordering all;
  for (const auto& lane : lanes) all.merge(lane->analyzer().tracker().reordering());
  return {.extent_max = all.extent_max,
          .extent_mean = all.extent_mean(),
          .late_time_max = all.late_time_max,
          .late_time_mean = all.late_time_mean(),
          .n_reordered = all.n_reordered(),
          .discontinuities = all.discontinuities,
          .discontinuity_max = all.discontinuity_max,
          .free_runs = all.free_runs,
          .free_run_max = all.free_run_max};
}

ReceivedReport::Gaps gaps_seen(RxLanes lanes) {
  LossBursts all;
  for (const auto& lane : lanes) all.merge(lane->analyzer().tracker().loss_bursts());
  return {.lengths = all.lengths.steps(), .longest = all.longest};
}

PacingSummary pacing_summary(TxLoops loops) {
  PacingSummary summary;
  SampleRecord lateness;
  SampleRecord gaps;
  for (const auto& loop : loops) {
    lateness.merge(loop->lateness());
    gaps.merge(loop->gaps());
    summary.lateness_max = std::max(
        {summary.lateness_max, loop->pacer().skipped_lateness_max(), loop->lateness().max});
    summary.stalls += loop->pacer().stalls();
    summary.gap_target = loop->pacer().gap_ns();
    if (!loop->pacer().has_schedule()) continue;
    summary.burst_room = loop->pacer().room();
    summary.burst_max = std::max(summary.burst_max, loop->pacer().at_once_max());
    summary.caught_up += loop->pacer().marked();
  }
  if (lateness.samples > 0) summary.lateness = distribution_of(lateness);
  if (gaps.samples > 0) summary.gap = distribution_of(gaps);
  return summary;
}

}  // namespace wireproof
