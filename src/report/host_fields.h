// The host, its ports and its clock, for a document. Private to src/report.
#pragma once

#include "report/fields.h"

namespace wireproof {

void tx_stamps_fields(auto& f, Is<TxStampSamples> auto& samples) {
  f.field("asked", samples.asked);
  f.field("answered", samples.answered);
  f.field("missing", samples.missing);
  const bool any = samples.answered > 0;
  f.when(any, "wait_min_ns", samples.wait_min_ns);
  f.when(any, "wait_p50_ns", samples.wait_p50_ns);
  f.when(any, "wait_max_ns", samples.wait_max_ns);
}

// By the driver's own names.
template <typename Fields>
void counters_field(Fields& f, auto& counters) {
  if constexpr (Fields::kReads) {
    const Json* const found = f.find("counters");
    if (found == nullptr) return;
    f.object("counters", [&](auto& inner) {
      for (const auto& [name, value] : found->items()) {
        inner.field(name.c_str(), counters.emplace_back(name, 0).second);
      }
    });
  } else {
    f.object_when(!counters.empty(), "counters", [&](auto& inner) {
      for (const auto& [name, value] : counters) inner.field(name.c_str(), value);
    });
  }
}

void nic_fields(auto& f, Is<NicFacts> auto& nic) {
  f.field("port", nic.port);
  f.field("backend", nic.backend);
  f.field("device", nic.device);
  f.word("layer", nic.udp_payload, kLayerWords);
  f.optional("mac", nic.mac);
  f.unless_empty("endpoint", nic.endpoint);
  f.unless_zero("mtu", nic.mtu);
  f.unless_zero("speed_bps", nic.line_rate_bps);
  f.when(nic.numa_node >= 0, "numa_node", nic.numa_node);
  f.unless_empty("driver", nic.driver);
  f.unless_empty("firmware", nic.firmware);
  f.unless_empty("mode", nic.mode);
  f.unless_empty("rx_stamp", nic.rx_stamp);
  f.unless_zero("queues", nic.queues);
  f.unless_zero("ring_frames", nic.ring_frames);
  f.maybe("tx_stamps", nic.tx_stamps,
          [](auto& inner, auto& samples) { tx_stamps_fields(inner, samples); });
  counters_field(f, nic.counters);
}

void ptp_fields(auto& f, Is<PtpFacts> auto& ptp) {
  f.derived("running", true);
  f.unless_empty("port_state", ptp.port_state);
  if (ptp.port_state.empty()) return;
  f.field("gm_present", ptp.gm_present);
  f.unless_empty("gm_identity", ptp.gm_identity);
  f.optional("offset_ns", ptp.offset_ns);
  f.optional("path_delay_ns", ptp.path_delay_ns);
  f.optional("steps_removed", ptp.steps_removed);
}

void clock_fields(auto& f, Is<HostFacts> auto& host) {
  auto& clock = host.clock;
  // "name" is what "source" was called once; who reads it goes on doing so.
  f.derived("name", clock.source);
  f.field("source", clock.source);
  f.derived("sync", "same_clock");
  f.field("resolution_ns", clock.resolution_ns);
  f.field("rate_error_ppb", clock.rate_error_ppb);
  f.field("wall_clock_steps", clock.wall_clock_steps);
  f.unless_empty("reason", clock.reason);
  f.unless_empty("kernel_clocksource", host.clocksource);
  f.unless_zero("frequency_hz", clock.frequency_hz);
  f.optional("bound_ns", clock.bound_ns);
  f.unless_zero("cores_checked", clock.cores_checked);
  f.optional("core_offset_bound_ns", clock.core_offset_bound_ns);
  f.seconds_when(clock.wall_clock_steps > 0, "wall_clock_step_total_s",
                 clock.wall_clock_step_total_ns);
  f.maybe("ptp", host.ptp, [](auto& inner, auto& ptp) { ptp_fields(inner, ptp); });
}

void host_fields(auto& f, Is<HostFacts> auto& host) {
  f.field("host", host.host);
  f.field("kernel", host.kernel);
  f.field("cpu", host.cpu);
  f.unless_zero("cpus_online", host.cpus_online);
  f.list("cores_used", host.cores_used, [](auto& inner, auto& use) {
    inner.field("core", use.core);
    inner.field("role", use.role);
  });
  f.maybe("isolation", host.isolation, [](auto& inner, auto& isolation) {
    inner.field("cores", isolation.cores);
    inner.field("interrupts_moved", isolation.interrupts_moved);
  });
  f.object_when(host.numa_nodes > 0, "numa",
                [&](auto& numa) { numa.field("nodes", host.numa_nodes); });
  f.list("nic", host.nics, [](auto& inner, auto& nic) { nic_fields(inner, nic); });
  f.object("clock", [&](auto& clock) { clock_fields(clock, host); });
}

// `line_rate_bps`: of the ports of the run. What the first host tells stands beside the list as
// well: schema 1.0 began with one host, and may be without a list.
template <typename Fields>
void environment_fields(Fields& f, auto& hosts, auto& line_rate_bps) {
  host_fields(f, hosts.front());
  f.unless_zero("line_rate_bps", line_rate_bps);
  const auto each = [](auto& inner, auto& host) { host_fields(inner, host); };
  if constexpr (Fields::kReads) {
    if (!f.has("hosts")) return;
    Hosts listed;
    f.list("hosts", listed, each);
    if (listed.empty()) return f.refuse(f.at("hosts"));
    hosts = std::move(listed);
  } else {
    f.list("hosts", hosts, each);
  }
}

}  // namespace wireproof
