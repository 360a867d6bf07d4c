#include "report/end_reports.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/fields.h"

namespace wireproof {

// The members of each struct and their keys, once, for the writer and for the reader.

void members(auto&& take, Is<Distribution> auto& of) {
  take("samples", of.samples);
  take("min_ns", of.min);
  take("mean_ns", of.mean);
  take("stdev_ns", of.stdev);
  take("max_ns", of.max);
  take("p50_ns", of.p50);
  take("p90_ns", of.p90);
  take("p99_ns", of.p99);
  take("p99_9_ns", of.p99_9);
  take("p99_99_ns", of.p99_99);
  take("p99_999_ns", of.p99_999);
}

void members(auto&& take, Is<HistogramSteps> auto& of) {
  take("steps", of.steps);
  take("overflow", of.overflow);
}

void members(auto&& take, Is<DelaySummary> auto& of) {
  take("metric", of.metric);
  take("tx_stamp", of.tx_stamp);
  take("tx_span_max_ns", of.tx_span_max);
  take("rx_stamp", of.rx_stamp);
  take("unstamped", of.unstamped);
  take("negative", of.negative);
  take("actual", of.actual);
  take("histogram", of.steps);
  take("scheduled", of.scheduled);
}

void members(auto&& take, Is<JitterSummary> auto& of) {
  take("rfc3550_mean_ns", of.rfc3550_mean);
  take("rfc3550_max_ns", of.rfc3550_max);
  take("rfc3550_spaces", of.rfc3550_spaces);
  take("ipdv_pairs", of.ipdv_pairs);
  take("ipdv_mean_abs_ns", of.ipdv_mean_abs);
  take("ipdv_min_ns", of.ipdv_min);
  take("ipdv_max_ns", of.ipdv_max);
  take("ipdv_p0_1_ns", of.ipdv_p0_1);
  take("ipdv_p50_ns", of.ipdv_p50);
  take("ipdv_p99_9_ns", of.ipdv_p99_9);
  take("ipdv_window", of.ipdv_window);
  take("pdv_max_ns", of.pdv_max);
  take("pdv_p50_ns", of.pdv_p50);
  take("pdv_p99_ns", of.pdv_p99);
  take("pdv_p99_9_ns", of.pdv_p99_9);
}

void members(auto&& take, Is<ReorderingSummary> auto& of) {
  take("extent_max", of.extent_max);
  take("extent_mean", of.extent_mean);
  take("late_time_max_ns", of.late_time_max);
  take("late_time_mean_ns", of.late_time_mean);
  take("n_reordered", of.n_reordered);
  take("discontinuities", of.discontinuities);
  take("discontinuity_max", of.discontinuity_max);
  take("free_runs", of.free_runs);
  take("free_run_max", of.free_run_max);
}

void members(auto&& take, Is<PreemptionSummary::Preemption> auto& of) {
  take("at_ns", of.at);
  take("length_ns", of.length);
}

void members(auto&& take, Is<PreemptionSummary> auto& of) {
  take("threshold_ns", of.threshold);
  take("busy_threshold_ns", of.busy_threshold);
  take("count", of.count);
  take("total_ns", of.total);
  take("max_ns", of.max);
  take("log", of.log);
}

void members(auto&& take, Is<PacingSummary> auto& of) {
  take("mode", of.mode);
  take("schedule", of.schedule);
  take("lateness_max_ns", of.lateness_max);
  take("stalls", of.stalls);
  take("lateness", of.lateness);
  take("gap", of.gap);
  take("gap_target_ns", of.gap_target);
  take("burst_room", of.burst_room);
  take("burst_max", of.burst_max);
  take("caught_up", of.caught_up);
  take("lost_behind", of.lost_behind);
  take("preemptions", of.preemptions);
}

void members(auto&& take, Is<SentHeaders> auto& of) {
  take("src_mac", of.src_mac);
  take("dst_mac", of.dst_mac);
  take("next_hop", of.next_hop);
  take("vlan", of.vlan);
  take("src_ip", of.src_ip);
  take("dst_ip", of.dst_ip);
  take("dst_ip_last", of.dst_ip_last);
  take("src_l4_ports", of.src_l4_ports);
  take("src_l4_ports_are_range", of.src_l4_ports_are_range);
  take("dst_l4_port", of.dst_l4_port);
  take("dst_l4_port_last", of.dst_l4_port_last);
  take("dscp", of.dscp);
  take("ttl", of.ttl);
}

void members(auto&& take, Is<PortGrowth> auto& of) {
  take("tx_dropped", of.tx_dropped);
  take("rx_ring_dropped", of.rx_ring_dropped);
  take("rx_nic_dropped", of.rx_nic_dropped);
  take("set_back", of.set_back);
  take("ring_filled", of.ring_filled);
  take("rx_blind", of.rx_blind);
}

void members(auto&& take, Is<SentReport::Step> auto& of) {
  take("start_ns", of.start);
  take("end_ns", of.end);
  take("offered", of.offered);
}

void members(auto&& take, Is<SentReport> auto& of) {
  take("from", of.from);
  take("stream", of.stream);
  take("headers", of.headers);
  take("intended", of.intended);
  take("offered", of.offered);
  take("flows_sent", of.flows_sent);
  take("sequence_scope", of.sequence_scope);
  take("sent_per_space", of.sent_per_space);
  take("tx_duration_ns", of.tx_duration);
  take("tx_end_ns", of.tx_end);
  take("tx_stamp", of.tx_stamp);
  take("tx_span_max_ns", of.tx_span_max);
  take("pacing", of.pacing);
  take("displaced", of.displaced);
  take("steps", of.steps);
  take("port", of.port);
}

void members(auto&& take, Is<ReceiveCounts> auto& of) {
  take("unique", of.unique);
  take("duplicate", of.duplicate);
  take("reordered", of.reordered);
  take("late", of.late);
  take("late_lost", of.late_lost);
  take("stale", of.stale);
  take("corrupt", of.corrupt);
  take("foreign", of.foreign);
  take("misdirected", of.misdirected);
  take("readdressed", of.readdressed);
  take("unclassified", of.unclassified);
  take("unique_catch_up", of.unique_catch_up);
  take("unstamped", of.unstamped);
}

void members(auto&& take, Is<ReceivedReport::Gaps> auto& of) {
  take("lengths", of.lengths);
  take("longest", of.longest);
}

void members(auto&& take, Is<ReceivedReport::Step> auto& of) {
  take("start_ns", of.start);
  take("end_ns", of.end);
  take("received", of.received);
  take("lost", of.lost);
  take("delay", of.delay);
}

void members(auto&& take, Is<ArrivalSpan> auto& of) {
  take("first_ns", of.first);
  take("last_ns", of.last);
}

void members(auto&& take, Is<ReceivedReport> auto& of) {
  take("to", of.to);
  take("stream", of.stream);
  take("counts", of.counts);
  take("late_unseen", of.late_unseen);
  take("heard_out", of.heard_out);
  take("spaces", of.spaces);
  take("torn", of.torn);
  take("gaps", of.gaps);
  take("arrivals", of.arrivals);
  take("last_gap_sent_before_ns", of.last_gap_sent_before);
  take("window", of.window);
  take("readdressed_to", of.readdressed_to);
  take("delay", of.delay);
  take("jitter", of.jitter);
  take("reordering", of.reordering);
  take("order_note", of.order_note);
  take("steps", of.steps);
  take("preemptions", of.preemptions);
  take("port", of.port);
}

inline Pair pair_of(const HistogramSteps::Step& step) {
  return {step.index, step.count};
}
inline bool from_pair(const Pair& pair, HistogramSteps::Step& step) {
  step = {static_cast<std::uint32_t>(pair.first), pair.second};
  return pair.first < Histogram::kSteps;
}
inline Pair pair_of(const ReceivedReport::Space& space) {
  return {space.reached, space.gaps};
}
inline bool from_pair(const Pair& pair, ReceivedReport::Space& space) {
  space = {.reached = pair.first, .gaps = pair.second};
  return true;
}

// Where a value contradicts itself, or what fold() takes for granted; empty: nowhere.
inline std::string impossible(const HistogramSteps& of) {
  const auto disorder = [](const auto& one, const auto& next) { return one.index >= next.index; };
  const bool found =
      std::adjacent_find(of.steps.begin(), of.steps.end(), disorder) != of.steps.end();
  return found ? "/steps" : "";
}
bool disordered(const auto& steps) {
  return std::any_of(steps.begin(), steps.end(),
                     [](const auto& step) { return step.start < 0 || step.end < step.start; });
}
inline std::string impossible(const SentReport& report) {
  if (disordered(report.steps)) return "/steps";
  return report.offered > report.intended ? "/offered" : "";
}
inline std::string impossible(const ReceivedReport& report) {
  if (disordered(report.steps)) return "/steps";
  return report.late_unseen > report.counts.late_lost ? "/late_unseen" : "";
}

namespace {

constexpr int kEndReportDepth = 8;

template <typename Report>
Result<Report> read_report(std::string_view text, const char* what) {
  const Json json = parse_bounded(text, kEndReportDepth);
  if (json.is_discarded())
    return fail(ErrorKind::kPrecondition, fmt::format("the report of {} is no JSON", what));
  Report report;
  std::string wrong;
  ObjectReader reader(json, "", wrong);
  members(reader, report);
  if (wrong.empty()) wrong = impossible(report);
  if (wrong.empty()) return report;
  return fail(
      ErrorKind::kPrecondition,
      fmt::format("the report of {}: {} is missing, of another kind or impossible", what, wrong),
      "both ends must be of the same version");
}

template <typename Report>
std::string written(const Report& report) {
  return json_of(report).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string to_json(const SentReport& report) {
  return written(report);
}

std::string to_json(const ReceivedReport& report) {
  return written(report);
}

Result<SentReport> read_sent_report(std::string_view text) {
  return read_report<SentReport>(text, "what was sent");
}

Result<ReceivedReport> read_received_report(std::string_view text) {
  return read_report<ReceivedReport>(text, "what was received");
}

}  // namespace wireproof
