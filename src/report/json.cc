#include "report/json.h"

#include <cmath>
#include <set>

#include "report/json_parts.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

Json config_json(const Config& config);

Json config_value_json(const ConfigValue& value) {
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, Config>)
          return config_json(held);
        else
          return held;
      },
      value.value);
}

Json config_json(const Config& config) {
  Json json = Json::object();
  for (const ConfigEntry& entry : config) json[entry.key] = config_value_json(entry.value);
  return json;
}

void put_text(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

Json tx_stamps_json(const TxStampSamples& samples) {
  Json json = {
      {"asked", samples.asked}, {"answered", samples.answered}, {"missing", samples.missing}};
  if (samples.answered == 0) return json;
  json["wait_min_ns"] = samples.wait_min_ns;
  json["wait_p50_ns"] = samples.wait_p50_ns;
  json["wait_max_ns"] = samples.wait_max_ns;
  return json;
}

Json nic_json(const NicFacts& nic) {
  Json json = {{"port", nic.port},
               {"backend", nic.backend},
               {"device", nic.device},
               {"layer", nic.udp_payload ? "udp_payload" : "l2"}};
  if (nic.mac) json["mac"] = format_mac(*nic.mac);
  put_text(json, "endpoint", nic.endpoint);
  if (nic.mtu > 0) json["mtu"] = nic.mtu;
  if (nic.line_rate_bps > 0) json["speed_bps"] = nic.line_rate_bps;
  if (nic.numa_node >= 0) json["numa_node"] = nic.numa_node;
  put_text(json, "driver", nic.driver);
  put_text(json, "firmware", nic.firmware);
  put_text(json, "mode", nic.mode);
  put_text(json, "rx_stamp", nic.rx_stamp);
  if (nic.queues > 0) json["queues"] = nic.queues;
  if (nic.ring_frames > 0) json["ring_frames"] = nic.ring_frames;
  if (nic.tx_stamps) json["tx_stamps"] = tx_stamps_json(*nic.tx_stamps);
  for (const auto& [name, value] : nic.counters) json["counters"][name] = value;
  return json;
}

Json ptp_json(const PtpFacts& ptp) {
  Json json = {{"running", true}};
  if (ptp.port_state.empty()) return json;
  json["port_state"] = ptp.port_state;
  json["gm_present"] = ptp.gm_present;
  put_text(json, "gm_identity", ptp.gm_identity);
  if (ptp.offset_ns) json["offset_ns"] = *ptp.offset_ns;
  if (ptp.path_delay_ns) json["path_delay_ns"] = *ptp.path_delay_ns;
  if (ptp.steps_removed) json["steps_removed"] = *ptp.steps_removed;
  return json;
}

Json clock_json(const HostFacts& host) {
  const ClockState& clock = host.clock;
  // "name" is what "source" was called once; who reads it goes on doing so.
  Json json = {{"name", clock.source},
               {"source", clock.source},
               {"sync", "same_clock"},
               {"resolution_ns", clock.resolution_ns},
               {"rate_error_ppb", clock.rate_error_ppb},
               {"wall_clock_steps", clock.wall_clock_steps}};
  put_text(json, "reason", clock.reason);
  put_text(json, "kernel_clocksource", host.clocksource);
  if (clock.frequency_hz > 0) json["frequency_hz"] = clock.frequency_hz;
  if (clock.bound_ns) json["bound_ns"] = *clock.bound_ns;
  if (clock.cores_checked > 0) json["cores_checked"] = clock.cores_checked;
  if (clock.core_offset_bound_ns) json["core_offset_bound_ns"] = *clock.core_offset_bound_ns;
  if (clock.wall_clock_steps > 0) {
    json["wall_clock_step_total_s"] = static_cast<double>(clock.wall_clock_step_total_ns) * 1e-9;
  }
  if (host.ptp) json["ptp"] = ptp_json(*host.ptp);
  return json;
}

Json environment_json(const HostFacts& host) {
  Json json = {{"host", host.host}, {"kernel", host.kernel}, {"cpu", host.cpu}};
  if (host.cpus_online > 0) json["cpus_online"] = host.cpus_online;
  json["cores_used"] = Json::array();
  for (const CoreUse& use : host.cores_used)
    json["cores_used"].push_back({{"core", use.core}, {"role", use.role}});
  if (host.numa_nodes > 0) json["numa"] = {{"nodes", host.numa_nodes}};
  json["nic"] = Json::array();
  for (const NicFacts& nic : host.nics) json["nic"].push_back(nic_json(nic));
  json["clock"] = clock_json(host);
  return json;
}

Json trials_json(const RunReport& report) {
  Json json = Json::array();
  for (const TrialResult& trial : report.trials)
    json.push_back(trial_json(trial, report.environment));
  // A trial that several goals rest on is told once.
  std::set<std::uint64_t> told;
  for (const SearchResult& search : report.searches) {
    for (const TrialResult& trial : search.trials) {
      if (told.insert(trial.spec.id).second) json.push_back(trial_json(trial, report.environment));
    }
  }
  return json;
}

// Ratios are of one, times whole nanoseconds.
Json criterion_value(const Criterion& criterion, double value) {
  if (criterion.unit == CriterionUnit::kNanoseconds) return std::llround(value);
  return value;
}

Json criteria_json(const RunReport& report) {
  Json list = Json::array();
  for (const CriterionResult& result : report.criteria) {
    const Criterion& criterion = result.criterion;
    Json json = {{"trial_id", result.trial_id},
                 {"criterion", describe(criterion)},
                 {"name", criterion.name},
                 {"failed", result.failed}};
    if (criterion.unit != CriterionUnit::kVerdict) {
      json["unit"] = criterion.unit == CriterionUnit::kRatio ? "ratio" : "ns";
      json["limit"] = criterion_value(criterion, criterion.limit);
      json["from"] = result.from;
      json["to"] = result.to;
    }
    if (result.measured) json["measured"] = criterion_value(criterion, *result.measured);
    put_text(json, "reason", result.reason);
    list.push_back(std::move(json));
  }
  return list;
}

// The one trial of a trial run, in short; an empty object when none took place.
Json trial_result_json(const RunReport& report) {
  Json json = Json::object();
  if (report.trials.empty()) return json;
  const TrialResult& trial = report.trials.back();
  json["trial_id"] = trial.spec.id;
  json["verdict"] = word(trial.verdict);
  json["reason"] = trial.reason;
  if (!report.criteria.empty()) json["criteria"] = criteria_json(report);
  return json;
}

Json calibration_result_json(const RunReport& report) {
  Json json = {{"calibrations", Json::array()}};
  put_text(json, "file", report.calibration_file);
  for (const CalibrationEntry& entry : report.calibrations)
    json["calibrations"].push_back(calibration_json(entry));
  return json;
}

Json result_json(const RunReport& report) {
  if (report.kind == ReportKind::kTrial) return trial_result_json(report);
  if (report.kind == ReportKind::kDut) return report.dut ? dut_json(*report.dut) : Json::object();
  if (report.kind == ReportKind::kCalibration) return calibration_result_json(report);
  Json searches = Json::array();
  for (const SearchResult& search : report.searches)
    searches.push_back(search_json(search, report.environment, report.line_rate_bps));
  return {{"searches", searches}};
}

}  // namespace

Json error_json(const std::optional<Error>& error) {
  if (!error) return nullptr;
  Json json = {{"code", word(error->kind)}, {"message", error->message}};
  put_text(json, "hint", error->hint);
  if (error->errno_value != 0) json["errno"] = error->errno_value;
  return json;
}

Json search_json(const SearchResult& search, const HostFacts& host, double line_rate_bps) {
  const SearchSpec& spec = search.spec;
  const double size = exact_frame_size(spec);
  Json json = {{"frame_size", spec.frame_size}};
  json["goal"] = {{"name", spec.goal.name},
                  {"loss_ratio", spec.goal.loss_ratio},
                  {"precision", spec.precision},
                  {"trial_duration_s", seconds(spec.trial_duration)},
                  {"final_duration_s", seconds(spec.final_duration)}};
  if (search.lower_bound_fps) {
    json["lower_bound_fps"] = *search.lower_bound_fps;
    json["lower_bound_l1_bps"] = layer1_bps(*search.lower_bound_fps, size);
    json["lower_bound_l2_bps"] = layer2_bps(*search.lower_bound_fps, size);
  }
  if (search.upper_bound_fps) json["upper_bound_fps"] = *search.upper_bound_fps;
  if (search.conditional_throughput_fps)
    json["conditional_throughput_fps"] = *search.conditional_throughput_fps;
  if (line_rate_bps > 0) {
    const double line_fps = line_rate_fps(line_rate_bps, size);
    json["line_rate_fps"] = line_fps;
    if (search.lower_bound_fps)
      json["percent_of_line_rate"] = *search.lower_bound_fps / line_fps * 100;
  }
  json["regular"] = search.regular;
  json["tester_limited"] = search.tester_limited;
  json["interrupted"] = search.interrupted;
  json["reason"] = search.reason;
  if (search.final_trial) json["final_trial"] = trial_json(*search.final_trial, host);
  json["trials"] = search.trials.size();
  json["elapsed_s"] = seconds(search.elapsed);
  json["error"] = error_json(search.error);
  return json;
}

Json document_json(const RunReport& report) {
  Json json = {{"schema", kResultSchema},
               {"schema_version", kResultSchemaVersion},
               {"kind", word(report.kind)}};
  json["tool"] = {{"name", report.tool.name}, {"version", report.tool.version}};
  put_text(json["tool"], "git", report.tool.git);
  json["tool"]["backends"] = report.tool.backends;
  json["started_at"] = rfc3339_utc(report.started_at_unix_ns);
  json["duration_s"] = seconds(report.duration);
  json["environment"] = environment_json(report.environment);
  json["command"] = report.command;
  if (!report.settings.empty()) json["settings"] = config_json(report.settings);
  json["config"] = config_json(report.config);
  json["status"] = word(report.status);
  json["error"] = error_json(report.error);
  json["trials"] = trials_json(report);
  json["result"] = result_json(report);
  json["notes"] = report.notes;
  return json;
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_json(const RunReport& report) {
  return dump(document_json(report), 2);
}

std::string trial_event(const TrialResult& trial, const HostFacts& host) {
  return dump({{"event", "trial"}, {"trial", trial_json(trial, host)}}, -1);
}

std::string interval_event(std::uint64_t trial_id, const DirectionResult& so_far) {
  return dump({{"event", "interval"},
               {"trial_id", trial_id},
               {"interval", interval_json(so_far.intervals.back(), so_far)}},
              -1);
}

std::string result_event(const RunReport& report) {
  return dump({{"event", "result"}, {"document", document_json(report)}}, -1);
}

}  // namespace wireproof
