// Delay, its variation, order, loss bursts and pacing of one direction as JSON. Which definition
// each number follows: docs/metrics.md.
#include <cmath>

#include "report/hdr_export.h"
#include "report/json_parts.h"

namespace wireproof {

namespace {

void put(Json& json, const char* key, const auto& value) {
  if (value) json[key] = *value;
}

void put_distribution(Json& json, const Distribution& of) {
  json["samples"] = of.samples;
  if (of.samples == 0) return;
  json["min_ns"] = of.min;
  json["mean_ns"] = std::llround(of.mean);
  json["stdev_ns"] = std::llround(of.stdev);
  put(json, "p50_ns", of.p50);
  put(json, "p90_ns", of.p90);
  put(json, "p99_ns", of.p99);
  put(json, "p99_9_ns", of.p99_9);
  put(json, "p99_99_ns", of.p99_99);
  put(json, "p99_999_ns", of.p99_999);
  json["max_ns"] = of.max;
}

Json distribution_json(const Distribution& of) {
  Json json = Json::object();
  put_distribution(json, of);
  return json;
}

Json pauses_json(const PauseSummary& pauses) {
  Json json = {{"threshold_ns", pauses.threshold},
               {"busy_threshold_ns", pauses.busy_threshold},
               {"count", pauses.count},
               {"total_ns", pauses.total},
               {"max_ns", pauses.max}};
  json["log"] = Json::array();
  for (const PauseSummary::Pause& pause : pauses.log) {
    json["log"].push_back({{"at_ns", pause.at}, {"length_ns", pause.length}});
  }
  return json;
}

Json latency_json(const DelaySummary& delay, const ClockState& clock) {
  Json json = {{"metric", delay.metric},     {"tx_stamp", delay.tx_stamp},
               {"rx_stamp", delay.rx_stamp}, {"clock", clock.source},
               {"sync", "same_clock"},       {"negative", delay.negative}};
  if (delay.unstamped) json["unstamped"] = *delay.unstamped;
  if (clock.bound_ns) json["offset_bound_ns"] = *clock.bound_ns;
  json["tx_span_max_ns"] = delay.tx_span_max;
  put_distribution(json, delay.actual);
  json["percentile_resolution"] = Histogram::kResolution;
  json["hdr"] = hdr_v2_base64(delay.steps);
  if (delay.steps.overflow > 0) json["overflow"] = delay.steps.overflow;
  if (delay.scheduled) json["scheduled"] = distribution_json(*delay.scheduled);
  return json;
}

Json jitter_json(const JitterSummary& jitter) {
  Json json = Json::object();
  if (jitter.rfc3550_spaces > 0) {
    json["rfc3550_ns"] = std::llround(jitter.rfc3550_mean);
    json["rfc3550_max_ns"] = std::llround(jitter.rfc3550_max);
    json["rfc3550_spaces"] = jitter.rfc3550_spaces;
  }
  json["ipdv_pairs"] = jitter.ipdv_pairs;
  json["ipdv_window"] = jitter.ipdv_window;
  if (jitter.ipdv_pairs > 0) {
    json["ipdv_mean_abs_ns"] = std::llround(jitter.ipdv_mean_abs);
    json["ipdv_min_ns"] = jitter.ipdv_min;
    put(json, "ipdv_p0_1_ns", jitter.ipdv_p0_1);
    put(json, "ipdv_p50_ns", jitter.ipdv_p50);
    put(json, "ipdv_p99_9_ns", jitter.ipdv_p99_9);
    json["ipdv_max_ns"] = jitter.ipdv_max;
  }
  put(json, "pdv_p50_ns", jitter.pdv_p50);
  put(json, "pdv_p99_ns", jitter.pdv_p99);
  put(json, "pdv_p99_9_ns", jitter.pdv_p99_9);
  json["pdv_max_ns"] = jitter.pdv_max;
  return json;
}

Json reordering_json(const ReorderingSummary& reordering, const Counts& counts) {
  Json json = {{"ratio", counts.unique == 0 ? 0
                                            : static_cast<double>(counts.reordered) /
                                                  static_cast<double>(counts.unique)}};
  json["extent_max"] = reordering.extent_max;
  json["extent_mean"] = reordering.extent_mean;
  json["late_time_max_ns"] = reordering.late_time_max;
  json["late_time_mean_ns"] = std::llround(reordering.late_time_mean);
  json["n_reordering"] = reordering.n_reordered;
  json["discontinuities"] = reordering.discontinuities;
  json["discontinuity_max"] = reordering.discontinuity_max;
  json["free_runs"] = reordering.free_runs;
  json["free_run_max"] = reordering.free_run_max;
  return json;
}

Json loss_bursts_json(const LossBurstSummary& bursts, const Counts& counts) {
  Json json = {{"count", bursts.bursts}, {"longest", bursts.longest}};
  if (bursts.bursts > 0) {
    json["mean"] = static_cast<double>(counts.lost) / static_cast<double>(bursts.bursts);
  }
  put(json, "p50", bursts.p50);
  put(json, "p99", bursts.p99);
  return json;
}

Json pacing_json(const PacingSummary& pacing) {
  Json json = {{"mode", pacing.mode}};
  if (!pacing.schedule.empty()) {
    json["schedule"] = pacing.schedule;
    json["gap_target_ns"] = pacing.gap_target;
  }
  json["lag_max_ns"] = pacing.lag_max;
  json["stalls"] = pacing.stalls;
  if (pacing.burst_room > 0) {
    json["burst_room"] = pacing.burst_room;
    json["burst_max"] = pacing.burst_max;
    json["caught_up"] = pacing.caught_up;
    json["lost_behind_burst"] = pacing.lost_behind;
  }
  if (pacing.lag) json["lag_ns"] = distribution_json(*pacing.lag);
  if (pacing.gap) json["gap_ns"] = distribution_json(*pacing.gap);
  json["preemptions"] = pauses_json(pacing.pauses);
  return json;
}

}  // namespace

void put_timing(Json& json, const DirectionResult& direction, const ClockState& clock) {
  if (direction.delay) json["latency"] = latency_json(*direction.delay, clock);
  if (direction.jitter) json["jitter"] = jitter_json(*direction.jitter);
  if (direction.reordering) {
    json["reordering"] = reordering_json(*direction.reordering, direction.counts);
  }
  if (direction.loss_bursts) {
    json["loss_bursts"] = loss_bursts_json(*direction.loss_bursts, direction.counts);
  }
  if (!direction.pacing.mode.empty()) json["pacing"] = pacing_json(direction.pacing);
  if (direction.receive_pauses.threshold > 0) {
    json["receiver"] = {{"preemptions", pauses_json(direction.receive_pauses)}};
  }
}

Json delay_of_interval_json(const HistogramSteps& delays) {
  Json json = {{"samples", delays.samples()}};
  put(json, "p50_ns", delays.percentile(0.5));
  put(json, "p99_ns", delays.percentile(0.99));
  json["max_ns"] = delays.highest();
  return json;
}

}  // namespace wireproof
