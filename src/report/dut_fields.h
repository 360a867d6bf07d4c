// What a device did, for a document. Private to src/report.
#pragma once

#include "report/fields.h"
#include "trial/dut.h"

namespace wireproof {

void dut_direction_fields(auto& f, Is<DutDirection> auto& direction) {
  f.field("from", direction.from);
  f.field("to", direction.to);
  f.object("counts", [&](auto& counts) {
    for (const auto& [name, member] : kDutCounters) counts.field(name, direction.counts.*member);
  });
}

void dut_port_fields(auto& f, Is<DutPort> auto& port) {
  f.field("port", port.port);
  f.field("backend", port.backend);
  f.unless_empty("mode", port.mode);
  f.unless_empty("rx_stamp", port.rx_stamp);
  f.optional("tx_dropped", port.tx_dropped);
  f.optional("rx_ring_dropped", port.rx_ring_dropped);
  f.optional("rx_nic_dropped", port.rx_nic_dropped);
}

// Two things as a list of two.
template <typename T, typename Fields>
void both(Fields& f, const char* key, auto& first, auto& second, const auto& each) {
  std::vector<T> two;
  if constexpr (Fields::kReads) {
    f.list(key, two, each);
    if (two.size() != 2) return f.refuse(f.at(key));
    first = std::move(two[0]);
    second = std::move(two[1]);
  } else {
    two = {first, second};
    f.list(key, two, each);
  }
}

void dut_fields(auto& f, Is<DutResult> auto& dut) {
  f.seconds("duration_s", dut.duration);
  both<DutDirection>(f, "directions", dut.a_to_b, dut.b_to_a,
                     [](auto& inner, auto& one) { dut_direction_fields(inner, one); });
  both<DutPort>(f, "ports", dut.a, dut.b,
                [](auto& inner, auto& one) { dut_port_fields(inner, one); });
  f.object_when(!dut.log.empty(), "log", [&](auto& log) {
    log.field("file", dut.log);
    log.field("records", dut.log_records);
    log.field("overflow", dut.log_overflow);
  });
}

}  // namespace wireproof
