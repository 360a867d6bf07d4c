#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/memory.h"
#include "base/thread_scope.h"
#include "engine/forwarder.h"
#include "engine/port_watch.h"
#include "job/describe.h"
#include "job/dut_plan.h"
#include "job/kinds.h"
#include "job/log_file.h"
#include "job/test_ports.h"

namespace wireproof {
namespace {

struct DutLog {
  LogFile file;
  ForwardLog log;
};

Result<std::optional<DutLog>> open_log(const DutSettings& settings) {
  if (settings.log.empty()) return std::nullopt;
  const Status room = check_memory(std::uint64_t{settings.log_frames} * sizeof(ForwardRecord),
                                   fmt::format("a log of {} records", settings.log_frames),
                                   "give a smaller --log-frames");
  if (!room) return tl::unexpected(room.error());
  Result<LogFile> file = LogFile::open(settings.log);
  if (!file) return tl::unexpected(file.error());
  return DutLog{std::move(*file), ForwardLog(settings.log_frames)};
}

Status write_log(DutLog& log) {
  if (Status ok = log.file.begin(); !ok) return ok;
  if (Status ok = log.log.write_csv(log.file.file(), log.file.path()); !ok) return ok;
  return log.file.commit();
}

OpenSpec dut_open_spec(const DutSettings& settings, const JobContext& context) {
  OpenSpec spec;
  spec.ring_frames = settings.ring_frames;
  spec.buffer_len_max = ForwardPathSpec{}.buffer_len_max;
  spec.tagged = true;
  spec.steering.everything = true;
  spec.clock = &context.clock;
  spec.stop = &context.cancelled;
  return spec;
}

Result<std::unique_ptr<Device>> open_one(const PortSpec& port, const DutSettings& settings,
                                         const JobContext& context) {
  if (const Status ok =
          check_management(nature_of(context.backends, port), settings.allow_mgmt_interface);
      !ok) {
    return tl::unexpected(ok.error());
  }
  auto device = open_port(context.backends, port, dut_open_spec(settings, context));
  if (!device || (*device)->facts().layer == Layer::kL2) return device;
  return fail(ErrorKind::kUsage,
              fmt::format("{} is a socket: it has no frames to forward", port.device),
              "use af_xdp or af_packet on a network interface");
}

Result<std::pair<PortSpec, PortSpec>> name_both(const DutSettings& settings,
                                                const JobContext& context) {
  const Result<PortSpec> a = parse_port_spec(context.backends, settings.a);
  if (!a) return tl::unexpected(a.error());
  const Result<PortSpec> b = parse_port_spec(context.backends, settings.b);
  if (!b) return tl::unexpected(b.error());
  if (a->device == b->device) {
    return fail(ErrorKind::kUsage, fmt::format("--a and --b are the same port, {}", a->device),
                "a device has two ports: name another one");
  }
  return std::pair(*a, *b);
}

const char* ends(const DutSettings& settings) {
  return settings.duration ? "by itself" : "on SIGINT, SIGTERM or SIGHUP";
}

Result<std::string> dut_plan_text(const DutSettings& settings, const JobContext& context) {
  const auto named = name_both(settings, context);
  if (!named) return tl::unexpected(named.error());
  for (const PortSpec* port : {&named->first, &named->second}) {
    const Status allowed =
        check_management(nature_of(context.backends, *port), settings.allow_mgmt_interface);
    if (!allowed) return tl::unexpected(allowed.error());
    const Result<Backend*> backend = choose_backend(context.backends, *port);
    if (!backend) return tl::unexpected(backend.error());
    const Status fit = (*backend)->check(*port, dut_open_spec(settings, context));
    if (!fit) return tl::unexpected(fit.error());
  }
  return fmt::format(
      "forwards    {} <-> {}\na to b      {}\nb to a      {}\nends        {}\n"
      "dry run: nothing was opened and nothing was forwarded\n",
      settings.a, settings.b, describe_wire(path_spec(settings, false).wire),
      describe_wire(path_spec(settings, true).wire), ends(settings));
}

Result<TwoPorts> open_both(const DutSettings& settings, const JobContext& context) {
  const auto named = name_both(settings, context);
  if (!named) return tl::unexpected(named.error());
  TwoPorts ports;
  auto opened = open_one(named->first, settings, context);
  if (!opened) return tl::unexpected(opened.error());
  ports.a = std::move(*opened);
  opened = open_one(named->second, settings, context);
  if (!opened) return tl::unexpected(opened.error());
  ports.b = std::move(*opened);
  return ports;
}

std::string ready_line(const DutSettings& settings, const TwoPorts& ports) {
  const DeviceFacts& a = ports.a->facts();
  const DeviceFacts& b = ports.b->facts();
  return fmt::format("dut: forwarding {} <-> {} ({} {}, {} {}); a to b: {}; b to a: {}; ends {}",
                     settings.a, settings.b, a.backend, a.mode, b.backend, b.mode,
                     describe_wire(path_spec(settings, false).wire),
                     describe_wire(path_spec(settings, true).wire), ends(settings));
}

// Fails when the port is gone, whose own counters are then absent.
Status read_port(const std::string& name, Device& device, DutPort& port, NicFacts& nic) {
  port.port = name;
  port.backend = device.facts().backend;
  port.mode = device.facts().mode;
  const Result<DeviceCounters> counters = device.counters();
  port.rx_stamp = device.facts().rx_stamp;
  if (!counters) return tl::unexpected(counters.error());
  describe_counters(*counters, nic);
  port.tx_dropped = counters->tx_dropped;
  port.rx_ring_dropped = counters->rx_ring_dropped;
  port.rx_nic_dropped = counters->rx_nic_dropped;
  return {};
}

void note_identities(const JobContext& context, RunReport& report) {
  for (const DutDirection* direction : {&report.dut->a_to_b, &report.dut->b_to_a}) {
    const std::string broken = check_identity(direction->counts);
    if (broken.empty()) continue;
    report.status = RunStatus::kInvalid;
    report.notes.push_back(fmt::format("{} to {}: the counters contradict each other: {}",
                                       direction->from, direction->to, broken));
  }
  if (report.dut->log_overflow > 0) {
    report.notes.push_back(
        fmt::format("{} records are not in the log, which is full: give a larger --log-frames",
                    report.dut->log_overflow));
    context.events.warning(report.notes.back());
  }
}

// Fills the report, with what was counted until then also when a port has gone.
Status forward(const DutSettings& settings, const JobContext& context, TwoPorts& ports,
               std::optional<DutLog>& log, RunReport& report) {
  const ForwarderSpec spec{.a_to_b = path_spec(settings, false),
                           .b_to_a = path_spec(settings, true),
                           .idle = settings.idle};
  const std::uint64_t inside = std::uint64_t{spec.a_to_b.pool_frames} + spec.b_to_a.pool_frames;
  if (Status room = check_memory(inside * spec.a_to_b.buffer_len_max,
                                 fmt::format("room for {} frames inside", inside),
                                 "give a shorter --delay or a smaller --queue");
      !room) {
    return room;
  }
  Forwarder forwarder(*ports.a, *ports.b, spec, context.clock, log ? &log->log : nullptr);
  context.clock.refit();
  context.events.ready(ready_line(settings, ports));
  DutResult result;
  PortWatch watch({ports.a.get(), ports.b.get()}, context.cancelled, context.clock, context.cores);
  result.duration = forwarder.run(watch.stop(), settings.duration.value_or(0));
  Status ended = watch.end();
  result.a_to_b = {settings.a, settings.b, forwarder.a_to_b()};
  result.b_to_a = {settings.b, settings.a, forwarder.b_to_a()};
  Status written;
  if (log) {
    result.log = settings.log;
    result.log_records = log->log.records().size();
    result.log_overflow = log->log.overflow();
    written = write_log(*log);
  }
  std::vector<NicFacts>& nics = report.here().nics;
  for (const Status& read : {read_port(settings.a, *ports.a, result.a, nics.at(0)),
                             read_port(settings.b, *ports.b, result.b, nics.at(1)), written}) {
    if (ended) ended = read;
  }
  report.dut = std::move(result);
  return ended;
}

Config describe_dut_job(const Settings& settings) {
  return describe_dut(settings.dut);
}

Result<std::string> plan_dut_job(const Settings& settings, const JobContext& context) {
  return dut_plan_text(settings.dut, context);
}

Status run_dut_job(const Settings& asked, const JobContext& context, RunReport& report) {
  const DutSettings& settings = asked.dut;
  Result<std::optional<DutLog>> log = open_log(settings);
  if (!log) return tl::unexpected(log.error());
  std::optional<ScopedCpus> pinned;
  if (settings.core) {
    Result<ScopedCpus> made = ScopedCpus::make({*settings.core});
    if (!made) return tl::unexpected(made.error());
    pinned.emplace(std::move(*made));
    report.here().cores_used.push_back({*settings.core, "forward"});
  }
  Result<TwoPorts> ports = open_both(settings, context);
  if (!ports) return tl::unexpected(ports.error());
  for (const Device* device : {ports->a.get(), ports->b.get()}) {
    describe_port(*device, settings.ring_frames, report);
  }
  const ScopedTimerSlack naps_end_when_they_say(1);
  Status ended = forward(settings, context, *ports, *log, report);
  if (report.dut) note_identities(context, report);
  return ended;
}

}  // namespace

const JobKind kDutJob{Verb::kDut, ReportKind::kDut, describe_dut_job, run_dut_job, plan_dut_job};

}  // namespace wireproof
