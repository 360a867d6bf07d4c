#include "report/json_parts.h"

namespace wireproof {

namespace {

Json direction_json(const DutDirection& direction) {
  Json counts = Json::object();
  for (const auto& [name, member] : kDutCounters) counts[name] = direction.counts.*member;
  return {{"from", direction.from}, {"to", direction.to}, {"counts", counts}};
}

Json port_json(const DutPort& port) {
  Json json = {{"port", port.port}, {"backend", port.backend}};
  if (!port.mode.empty()) json["mode"] = port.mode;
  if (!port.rx_stamp.empty()) json["rx_stamp"] = port.rx_stamp;
  if (port.tx_dropped) json["tx_dropped"] = *port.tx_dropped;
  if (port.rx_ring_dropped) json["rx_ring_dropped"] = *port.rx_ring_dropped;
  if (port.rx_nic_dropped) json["rx_nic_dropped"] = *port.rx_nic_dropped;
  return json;
}

}  // namespace

Json dut_json(const DutResult& result) {
  Json json = {{"duration_s", seconds(result.duration)}};
  json["directions"] = {direction_json(result.a_to_b), direction_json(result.b_to_a)};
  json["ports"] = {port_json(result.a), port_json(result.b)};
  if (!result.log.empty()) {
    json["log"] = {
        {"file", result.log}, {"records", result.log_records}, {"overflow", result.log_overflow}};
  }
  return json;
}

}  // namespace wireproof
