// Delay, its variation, order, loss bursts and pacing of one direction, for a document. Which
// definition each number follows: docs/metrics.md. Private to src/report.
#pragma once

#include "report/fields.h"
#include "report/hdr_export.h"

namespace wireproof {

void distribution_fields(auto& f, Is<Distribution> auto& of) {
  f.field("samples", of.samples);
  if (of.samples == 0) return;
  f.field("min_ns", of.min);
  f.rounded("mean_ns", of.mean);
  f.rounded("stdev_ns", of.stdev);
  f.optional("p50_ns", of.p50);
  f.optional("p90_ns", of.p90);
  f.optional("p99_ns", of.p99);
  f.optional("p99_9_ns", of.p99_9);
  f.optional("p99_99_ns", of.p99_99);
  f.optional("p99_999_ns", of.p99_999);
  f.field("max_ns", of.max);
}

inline constexpr auto kDistributionFields = [](auto& f, auto& of) { distribution_fields(f, of); };

void preemptions_fields(auto& f, Is<PreemptionSummary> auto& preemptions) {
  f.field("threshold_ns", preemptions.threshold);
  f.field("busy_threshold_ns", preemptions.busy_threshold);
  f.field("count", preemptions.count);
  f.field("total_ns", preemptions.total);
  f.field("max_ns", preemptions.max);
  f.list("log", preemptions.log, [](auto& entry, auto& preemption) {
    entry.field("at_ns", preemption.at);
    entry.field("length_ns", preemption.length);
  });
}

// The overflow lies in the export's last step as well.
template <typename Fields>
void steps_fields(Fields& f, Is<HistogramSteps> auto& steps) {
  if constexpr (Fields::kReads) {
    std::string text;
    f.field("hdr", text);
    std::uint64_t overflow = 0;
    f.unless_zero("overflow", overflow);
    std::optional<HistogramSteps> read = read_hdr_v2_base64(text, overflow);
    if (!read) return f.refuse(f.at("hdr"));
    steps = *std::move(read);
  } else {
    f.derived("hdr", hdr_v2_base64(steps));
    f.unless_zero("overflow", steps.overflow);
  }
}

void latency_fields(auto& f, Is<DelaySummary> auto& delay, const ClockState& clock) {
  f.field("metric", delay.metric);
  f.field("tx_stamp", delay.tx_stamp);
  f.field("rx_stamp", delay.rx_stamp);
  f.derived("clock", clock.source);
  f.derived("sync", "same_clock");
  f.field("negative", delay.negative);
  f.optional("unstamped", delay.unstamped);
  if (clock.bound_ns) f.derived("offset_bound_ns", *clock.bound_ns);
  f.field("tx_span_max_ns", delay.tx_span_max);
  distribution_fields(f, delay.actual);
  f.derived("percentile_resolution", Histogram::kResolution);
  steps_fields(f, delay.steps);
  f.maybe("scheduled", delay.scheduled, kDistributionFields);
}

void jitter_fields(auto& f, Is<JitterSummary> auto& jitter) {
  const bool rfc3550 = jitter.rfc3550_spaces > 0;
  f.rounded_when(rfc3550, "rfc3550_ns", jitter.rfc3550_mean);
  f.rounded_when(rfc3550, "rfc3550_max_ns", jitter.rfc3550_max);
  f.unless_zero("rfc3550_spaces", jitter.rfc3550_spaces);
  f.field("ipdv_pairs", jitter.ipdv_pairs);
  f.field("ipdv_window", jitter.ipdv_window);
  if (jitter.ipdv_pairs > 0) {
    f.rounded("ipdv_mean_abs_ns", jitter.ipdv_mean_abs);
    f.field("ipdv_min_ns", jitter.ipdv_min);
    f.optional("ipdv_p0_1_ns", jitter.ipdv_p0_1);
    f.optional("ipdv_p50_ns", jitter.ipdv_p50);
    f.optional("ipdv_p99_9_ns", jitter.ipdv_p99_9);
    f.field("ipdv_max_ns", jitter.ipdv_max);
  }
  f.optional("pdv_p50_ns", jitter.pdv_p50);
  f.optional("pdv_p99_ns", jitter.pdv_p99);
  f.optional("pdv_p99_9_ns", jitter.pdv_p99_9);
  f.field("pdv_max_ns", jitter.pdv_max);
}

void reordering_fields(auto& f, Is<ReorderingSummary> auto& reordering, const Counts& counts) {
  const auto unique = static_cast<double>(counts.unique);
  f.derived("ratio", counts.unique == 0 ? 0 : static_cast<double>(counts.reordered) / unique);
  f.field("extent_max", reordering.extent_max);
  f.field("extent_mean", reordering.extent_mean);
  f.field("late_time_max_ns", reordering.late_time_max);
  f.rounded("late_time_mean_ns", reordering.late_time_mean);
  f.field("n_reordering", reordering.n_reordered);
  f.field("discontinuities", reordering.discontinuities);
  f.field("discontinuity_max", reordering.discontinuity_max);
  f.field("free_runs", reordering.free_runs);
  f.field("free_run_max", reordering.free_run_max);
}

void loss_bursts_fields(auto& f, Is<LossBurstSummary> auto& bursts, const Counts& counts) {
  f.field("count", bursts.bursts);
  f.field("longest", bursts.longest);
  if (bursts.bursts > 0) {
    f.derived("mean", static_cast<double>(counts.lost) / static_cast<double>(bursts.bursts));
  }
  f.optional("p50", bursts.p50);
  f.optional("p99", bursts.p99);
  f.optional("last_sent_before_ns", bursts.last_sent_before);
}

// Until 0.1 the lateness was called lag: both names are written, and either is read.
template <typename Fields>
void lateness_fields(Fields& f, Is<PacingSummary> auto& pacing) {
  const auto take = [&](const char* most, const char* all) {
    f.field(most, pacing.lateness_max);
    f.maybe(all, pacing.lateness, kDistributionFields);
  };
  if constexpr (Fields::kReads) {
    if (f.has("lateness_max_ns")) return take("lateness_max_ns", "lateness_ns");
  } else {
    take("lateness_max_ns", "lateness_ns");
  }
  take("lag_max_ns", "lag_ns");
}

template <typename Fields>
void pacing_fields(Fields& f, Is<PacingSummary> auto& pacing) {
  f.field("mode", pacing.mode);
  const bool scheduled = !pacing.schedule.empty();
  f.when(scheduled, "schedule", pacing.schedule);
  f.when(scheduled, "gap_target_ns", pacing.gap_target);
  lateness_fields(f, pacing);
  f.field("stalls", pacing.stalls);
  const bool room = pacing.burst_room > 0;
  f.when(room, "burst_room", pacing.burst_room);
  f.when(room, "burst_max", pacing.burst_max);
  f.when(room, "caught_up", pacing.caught_up);
  f.when(room, "lost_behind_burst", pacing.lost_behind);
  f.maybe("gap_ns", pacing.gap, kDistributionFields);
  f.object("preemptions", [&](auto& inner) { preemptions_fields(inner, pacing.preemptions); });
}

// The tester alone, beside what was measured: in the direction and in its latency.
template <typename Fields>
void floor_fields(Fields& f, auto& baseline) {
  const auto floor = [](auto& inner, auto& of) {
    inner.optional("p50", of.floor_p50);
    inner.optional("p99_9", of.floor_p99_9);
  };
  if constexpr (Fields::kReads) {
    if (!f.has("floor_ns")) return;
    Baseline& found = baseline ? *baseline : baseline.emplace();
    f.object("floor_ns", [&](auto& inner) { floor(inner, found); });
    f.field("calibrated_at", found.calibrated_at);
  } else if (baseline && baseline->floor_p50) {
    f.object("floor_ns", [&](auto& inner) { floor(inner, *baseline); });
    f.field("calibrated_at", baseline->calibrated_at);
  }
}

template <typename Fields>
void ceiling_fields(Fields& f, auto& baseline) {
  if constexpr (Fields::kReads) {
    if (!f.has("ceiling_fps")) return;
    Baseline& found = baseline ? *baseline : baseline.emplace();
    f.optional("ceiling_fps", found.ceiling_fps);
  } else if (baseline) {
    f.optional("ceiling_fps", baseline->ceiling_fps);
  }
}

void timing_fields(auto& f, Is<DirectionResult> auto& of, const ClockState& clock) {
  f.maybe("latency", of.delay, [&](auto& inner, auto& delay) {
    latency_fields(inner, delay, clock);
    floor_fields(inner, of.baseline);
  });
  f.maybe("jitter", of.jitter, [](auto& inner, auto& jitter) { jitter_fields(inner, jitter); });
  f.maybe("reordering", of.reordering,
          [&](auto& inner, auto& reordering) { reordering_fields(inner, reordering, of.counts); });
  f.maybe("loss_bursts", of.loss_bursts,
          [&](auto& inner, auto& bursts) { loss_bursts_fields(inner, bursts, of.counts); });
  f.object_when(!of.pacing.mode.empty(), "pacing",
                [&](auto& inner) { pacing_fields(inner, of.pacing); });
  f.object_when(of.receive_preemptions.threshold > 0, "receiver", [&](auto& receiver) {
    receiver.object("preemptions",
                    [&](auto& inner) { preemptions_fields(inner, of.receive_preemptions); });
  });
  ceiling_fields(f, of.baseline);
}

}  // namespace wireproof
