#include "report/json_parts.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

// False where another program measured and told totals alone.
bool is_tracked(const DirectionResult& direction) {
  return direction.sequence_spaces > 0;
}

Json counts_json(const DirectionResult& direction) {
  const Counts& c = direction.counts;
  Json json = {{"intended", c.intended}, {"offered", c.offered}, {"unsent", c.unsent}};
  if (!has_receiver(direction)) return json;
  json.update({{"received", c.received}, {"unique", c.unique}, {"lost", c.lost}});
  if (!is_tracked(direction)) return json;
  json.update({{"duplicate", c.duplicate},
               {"reordered", c.reordered},
               {"late", c.late},
               {"stale", c.stale},
               {"corrupt", c.corrupt},
               {"foreign", c.foreign},
               {"misdirected", c.misdirected},
               {"readdressed", c.readdressed},
               {"unclassified", c.unclassified},
               {"rx_dropped", c.rx_dropped}});
  return json;
}

// A socket's own drops are its buffer's, not a ring's: the contract has a key for each.
Json attribution_json(const DirectionResult& direction, const HostFacts& host) {
  const Attribution& a = direction.attribution;
  Json json = {{"tx_shortfall", a.tx_shortfall}};
  if (!has_receiver(direction)) return json;
  json["dut"] = a.dut;
  if (!is_tracked(direction)) return json;
  const NicFacts* receiver = find_nic(host, receiver_name(direction));
  const bool socket = receiver != nullptr && receiver->udp_payload;
  json["tx_ring"] = a.tx_ring;
  json[socket ? "rx_socket" : "rx_ring"] = a.rx_ring;
  json["rx_nic"] = a.rx_nic;
  json["late"] = a.late;
  if (a.readdressed > 0) json["readdressed"] = a.readdressed;
  if (a.not_attributable > 0) json["not_attributable"] = a.not_attributable;
  return json;
}

Json headers_json(const SentHeaders& headers) {
  Json json = {{"ip_version", headers.src_ip.v6 ? 6 : 4}};
  if (headers.src_mac) json["src_mac"] = format_mac(*headers.src_mac);
  if (headers.dst_mac) json["dst_mac"] = format_mac(*headers.dst_mac);
  if (headers.next_hop) json["next_hop"] = format_ip(*headers.next_hop);
  if (headers.vlan) json["vlan"] = *headers.vlan;
  json["src_ip"] = format_ip(headers.src_ip);
  json["dst_ip"] = format_ip(headers.dst_ip);
  if (headers.dst_ip_last != headers.dst_ip) json["dst_ip_last"] = format_ip(headers.dst_ip_last);
  const auto& ports = headers.src_l4_ports;
  if (!ports.empty()) json["src_port"] = ports.front();
  if (ports.size() > 1) {
    if (headers.src_l4_ports_are_range) {
      json["src_port_last"] = ports.back();
    } else {
      json["src_ports"] = ports;
    }
  }
  json["dst_port"] = headers.dst_l4_port;
  if (headers.dst_l4_port_last != headers.dst_l4_port)
    json["dst_port_last"] = headers.dst_l4_port_last;
  json["dscp"] = headers.dscp;
  json["ttl"] = headers.ttl;
  return json;
}

Json rates_json(const DirectionResult& direction, const TrialResult& trial) {
  const Counts& c = direction.counts;
  const double offered = rate_fps(c.offered, trial.duration);
  Json json = {{"intended_fps", rate_fps(c.intended, trial.duration)},
               {"offered_fps", offered},
               {"offered_l1_bps", layer1_bps(offered, exact_frame_size(trial.spec))},
               {"offered_l2_bps", layer2_bps(offered, exact_frame_size(trial.spec))}};
  if (direction.headers) {
    json["offered_l3_bps"] =
        layer3_bps(offered, exact_frame_size(trial.spec), direction.headers->vlan.has_value());
  }
  if (has_receiver(direction)) json["forwarding_fps"] = rate_fps(c.unique, trial.duration);
  return json;
}

Json direction_json(const DirectionResult& direction, const TrialResult& trial,
                    const HostFacts& host) {
  Json json = {{"from", direction.from},
               {"to", receiver_name(direction)},
               {"counts", counts_json(direction)}};
  if (direction.headers) json["headers"] = headers_json(*direction.headers);
  const bool received = has_receiver(direction);
  if (received && is_tracked(direction)) {
    json["sequence_scope"] = direction.sequence_scope;
    json["sequence_spaces"] = direction.sequence_spaces;
    json["window"] = direction.window;
  }
  if (!direction.readdressed_to.empty()) json["readdressed_to"] = direction.readdressed_to;
  if (direction.flows_sent > 0) json["flows_sent"] = direction.flows_sent;
  if (trial.duration > 0) json.update(rates_json(direction, trial));
  if (direction.tx_duration > 0) json["tx_duration_ns"] = direction.tx_duration;
  if (received && direction.counts.offered > 0) json["loss_ratio"] = loss_ratio(direction.counts);
  put_timing(json, direction, host.clock);
  put_bare_cable(json, direction);
  json["attribution"] = attribution_json(direction, host);
  // Never in a sound document, and the schema refuses it: the evidence of a bug is not hidden.
  if (const std::string broken = check_identities(direction); !broken.empty())
    json["accounting_error"] = broken;
  return json;
}

}  // namespace

double seconds(Nanoseconds duration) {
  return static_cast<double>(duration) / static_cast<double>(kSecond);
}

Json interval_json(const Interval& interval, const DirectionResult& direction) {
  Json json = {{"from", direction.from},
               {"to", receiver_name(direction)},
               {"start_ns", interval.start},
               {"end_ns", interval.end},
               {"offered", interval.offered}};
  if (!has_receiver(direction)) return json;
  json["received"] = interval.received;
  json["lost"] = interval.lost;
  if (interval.delay.samples() > 0) json["delay"] = delay_of_interval_json(interval.delay);
  return json;
}

Json trial_json(const TrialResult& trial, const HostFacts& host) {
  Json json = {{"id", trial.spec.id}, {"frame_size", trial.spec.frame_size}};
  json["max_rate"] = trial.spec.max_rate;
  if (!trial.spec.max_rate) json["intended_fps"] = trial.spec.intended_fps;
  json["intended_duration_s"] = seconds(trial.spec.duration);
  json["duration_s"] = seconds(trial.duration);
  if (trial.waiting_time > 0) json["waiting_time_s"] = seconds(trial.waiting_time);
  json["goal_loss_ratio"] = trial.spec.goal_loss_ratio;
  json["verdict"] = word(trial.verdict);
  json["reason"] = trial.reason;
  json["interrupted"] = trial.interrupted;
  json["directions"] = Json::array();
  json["intervals"] = Json::array();
  for (const DirectionResult& direction : trial.directions) {
    json["directions"].push_back(direction_json(direction, trial, host));
    for (const Interval& interval : direction.intervals)
      json["intervals"].push_back(interval_json(interval, direction));
  }
  json["notes"] = trial.notes;
  return json;
}

}  // namespace wireproof
