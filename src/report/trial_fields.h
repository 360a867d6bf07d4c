// One trial, for a document. Private to src/report.
#pragma once

#include "report/timing_fields.h"
#include "trial/derive.h"

namespace wireproof {

// False where another program measured and told totals alone.
[[nodiscard]] inline bool is_tracked(const DirectionResult& direction) {
  return direction.sequence_spaces > 0;
}

void counts_fields(auto& f, Is<Counts> auto& c, bool received, bool tracked) {
  f.field("intended", c.intended);
  f.field("offered", c.offered);
  f.field("unsent", c.unsent);
  f.when(received, "received", c.received);
  f.when(received, "unique", c.unique);
  f.when(received, "lost", c.lost);
  const bool all = received && tracked;
  f.when(all, "duplicate", c.duplicate);
  f.when(all, "reordered", c.reordered);
  f.when(all, "late", c.late);
  f.when(all, "stale", c.stale);
  f.when(all, "corrupt", c.corrupt);
  f.when(all, "foreign", c.foreign);
  f.when(all, "misdirected", c.misdirected);
  f.when(all, "readdressed", c.readdressed);
  f.when(all, "unclassified", c.unclassified);
  f.when(all, "rx_dropped", c.rx_dropped);
}

// A socket's own drops are its buffer's, not a ring's: each has a key.
void attribution_fields(auto& f, Is<Attribution> auto& a, bool received, bool tracked,
                        bool socket) {
  f.field("tx_shortfall", a.tx_shortfall);
  f.when(received, "dut", a.dut);
  const bool all = received && tracked;
  f.when(all, "tx_ring", a.tx_ring);
  f.when(all && socket, "rx_socket", a.rx_ring);
  f.when(all && !socket, "rx_ring", a.rx_ring);
  f.when(all, "rx_nic", a.rx_nic);
  f.when(all, "late", a.late);
  f.when(all && a.readdressed > 0, "readdressed", a.readdressed);
  f.when(all && a.not_attributable > 0, "not_attributable", a.not_attributable);
}

template <typename Fields>
void source_ports_fields(Fields& f, Is<SentHeaders> auto& headers) {
  auto& ports = headers.src_l4_ports;
  if constexpr (Fields::kReads) {
    std::optional<std::uint16_t> first, last;
    f.optional("src_port", first);
    f.optional("src_port_last", last);
    f.when(true, "src_ports", ports);
    if (ports.empty() && first) ports = {*first};
    if (last) ports.push_back(*last);
    headers.src_l4_ports_are_range = last.has_value();
  } else {
    if (ports.empty()) return;
    f.field("src_port", ports.front());
    const bool several = ports.size() > 1;
    f.when(several && headers.src_l4_ports_are_range, "src_port_last", ports.back());
    f.when(several && !headers.src_l4_ports_are_range, "src_ports", ports);
  }
}

void headers_fields(auto& f, Is<SentHeaders> auto& headers) {
  f.derived("ip_version", headers.src_ip.v6 ? 6 : 4);
  f.optional("src_mac", headers.src_mac);
  f.optional("dst_mac", headers.dst_mac);
  f.optional("next_hop", headers.next_hop);
  f.optional("vlan", headers.vlan);
  f.field("src_ip", headers.src_ip);
  f.field("dst_ip", headers.dst_ip);
  f.unless_equal("dst_ip_last", headers.dst_ip_last, headers.dst_ip);
  source_ports_fields(f, headers);
  f.field("dst_port", headers.dst_l4_port);
  f.unless_equal("dst_port_last", headers.dst_l4_port_last, headers.dst_l4_port);
  f.field("dscp", headers.dscp);
  f.field("ttl", headers.ttl);
}

void derived_rates(auto& f, const DirectionResult& direction, const TrialResult& trial) {
  if (trial.duration <= 0) return;
  const Counts& c = direction.counts;
  const double size = exact_frame_size(trial.spec);
  const double offered = rate_fps(c.offered, trial.duration);
  f.derived("intended_fps", rate_fps(c.intended, trial.duration));
  f.derived("offered_fps", offered);
  f.derived("offered_l1_bps", layer1_bps(offered, size));
  f.derived("offered_l2_bps", layer2_bps(offered, size));
  if (direction.headers) {
    f.derived("offered_l3_bps", layer3_bps(offered, size, direction.headers->vlan.has_value()));
  }
  if (has_receiver(direction)) f.derived("forwarding_fps", rate_fps(c.unique, trial.duration));
}

// "none" may be a port's name: whether anything received, the counts say, and whether every number
// was tracked.
template <typename Fields>
void receiver_field(Fields& f, Is<DirectionResult> auto& d) {
  if constexpr (Fields::kReads) {
    std::string to;
    f.field("to", to);
    const Json* const counts = f.find("counts");
    const auto counted = [counts](const char* key) {
      return counts != nullptr && counts->is_object() && counts->contains(key);
    };
    if (counted("received")) d.to = to;
    const bool tracked = f.has("sequence_spaces");
    f.require(counted("duplicate") == tracked, f.at("sequence_spaces"));
    f.require(!tracked || counted("received"), f.at("counts"));
  } else {
    f.derived("to", receiver_name(d));
  }
}

void direction_fields(auto& f, Is<DirectionResult> auto& d, const TrialResult& trial,
                      const Hosts& hosts) {
  f.field("from", d.from);
  receiver_field(f, d);
  f.unless_zero("stream", d.stream);
  const bool received = has_receiver(d);
  f.object("counts", [&](auto& inner) { counts_fields(inner, d.counts, received, is_tracked(d)); });
  f.maybe("headers", d.headers, [](auto& inner, auto& of) { headers_fields(inner, of); });
  const bool tracked = received && is_tracked(d);
  f.when(tracked, "sequence_scope", d.sequence_scope);
  f.when(tracked, "sequence_spaces", d.sequence_spaces);
  f.when(tracked, "window", d.window);
  f.unless_empty("readdressed_to", d.readdressed_to);
  f.unless_zero("flows_sent", d.flows_sent);
  derived_rates(f, d, trial);
  f.unless_zero("tx_duration_ns", d.tx_duration);
  f.maybe("arrivals", d.arrivals, [](auto& inner, auto& of) {
    inner.field("first_ns", of.first);
    inner.field("last_ns", of.last);
  });
  if (received && d.counts.offered > 0) f.derived("loss_ratio", loss_ratio(d.counts));
  timing_fields(f, d, hosts.front().clock);
  const NicFacts* const receiver = find_nic(hosts, receiver_name(d));
  const bool socket = receiver != nullptr && receiver->udp_payload;
  f.object("attribution", [&](auto& inner) {
    attribution_fields(inner, d.attribution, received, is_tracked(d), socket);
  });
  // Never in a sound document, and the schema refuses it: the evidence of a bug is not hidden.
  if (const std::string broken = check_identities(d); !broken.empty()) {
    f.derived("accounting_error", broken);
  }
}

// The intervals of all directions stand in one list.
struct TaggedInterval {
  std::string from, to;
  std::uint32_t stream = 0;
  bool received = false;
  Interval interval;
};

template <typename Fields>
void interval_fields(Fields& f, Is<TaggedInterval> auto& tagged) {
  auto& interval = tagged.interval;
  f.field("from", tagged.from);
  f.field("to", tagged.to);
  f.unless_zero("stream", tagged.stream);
  f.field("start_ns", interval.start);
  f.field("end_ns", interval.end);
  f.field("offered", interval.offered);
  f.when(tagged.received, "received", interval.received);
  f.when(tagged.received, "lost", interval.lost);
  f.object_when(tagged.received && interval.delay.samples > 0, "delay", [&](auto& inner) {
    inner.field("samples", interval.delay.samples);
    inner.optional("p50_ns", interval.delay.p50);
    inner.optional("p99_ns", interval.delay.p99);
    inner.field("max_ns", interval.delay.max);
  });
}

[[nodiscard]] inline TaggedInterval tagged(const Interval& interval, const DirectionResult& of) {
  return {.from = of.from,
          .to = receiver_name(of),
          .stream = of.stream,
          .received = has_receiver(of),
          .interval = interval};
}

template <typename Fields>
void intervals_fields(Fields& f, Is<TrialResult> auto& trial) {
  std::vector<TaggedInterval> all;
  const auto each = [](auto& inner, auto& one) { interval_fields(inner, one); };
  if constexpr (Fields::kReads) {
    f.list("intervals", all, each);
    for (TaggedInterval& one : all) {
      const auto of = std::find_if(
          trial.directions.begin(), trial.directions.end(), [&one](const DirectionResult& d) {
            return d.from == one.from && receiver_name(d) == one.to && d.stream == one.stream;
          });
      if (of == trial.directions.end()) return f.refuse(f.at("intervals"));
      of->intervals.push_back(one.interval);
    }
  } else {
    for (const DirectionResult& direction : trial.directions) {
      for (const Interval& one : direction.intervals) all.push_back(tagged(one, direction));
    }
    f.list("intervals", all, each);
  }
}

void trial_fields(auto& f, Is<TrialResult> auto& trial, const Hosts& hosts) {
  f.field("id", trial.spec.id);
  f.field("frame_size", trial.spec.frame_size);
  f.unless_zero("mean_frame_size", trial.spec.mean_frame_size);
  f.field("max_rate", trial.spec.max_rate);
  f.when(!trial.spec.max_rate, "intended_fps", trial.spec.intended_fps);
  f.unless_zero("frames", trial.spec.frames);
  f.maybe("step", trial.spec.step, [](auto& inner, auto& step) {
    inner.seconds("at_s", step.at);
    inner.field("fps", step.fps);
  });
  f.seconds("intended_duration_s", trial.spec.duration);
  f.seconds("duration_s", trial.duration);
  f.seconds_when(trial.waiting_time > 0, "waiting_time_s", trial.waiting_time);
  f.field("goal_loss_ratio", trial.spec.goal_loss_ratio);
  f.unless_equal("link_may_go", trial.spec.link_may_go, false);
  f.word("verdict", trial.verdict, kVerdictWords);
  f.field("reason", trial.reason);
  f.field("interrupted", trial.interrupted);
  f.unless_equal("link_went", trial.link_went, false);
  f.list("directions", trial.directions,
         [&](auto& inner, auto& direction) { direction_fields(inner, direction, trial, hosts); });
  intervals_fields(f, trial);
  f.field("notes", trial.notes);
}

}  // namespace wireproof
