#include "tools/dut_verb.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "base/cpu.h"
#include "base/memory.h"
#include "engine/forwarder.h"
#include "engine/port_watch.h"
#include "tools/cleanup.h"
#include "tools/dut_plan.h"
#include "tools/interrupt.h"
#include "tools/log_file.h"
#include "tools/ports.h"
#include "tools/standard_streams.h"

namespace wireproof {
namespace {

struct DutPorts {
  std::unique_ptr<Device> a;
  std::unique_ptr<Device> b;
};

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

OpenSpec open_spec(const DutSettings& settings, const Session& session) {
  OpenSpec spec;
  spec.ring_frames = settings.ring_frames;
  spec.buffer_len_max = ForwardPathSpec{}.buffer_len_max;
  spec.tagged = true;
  spec.steering.everything = true;
  spec.clock = &session.clock;
  spec.stop = &interrupted();
  return spec;
}

Result<std::unique_ptr<Device>> open_one(const PortSpec& port, const DutSettings& settings,
                                         const Session& session) {
  if (const Status ok = check_management(port, settings.allow_mgmt_interface); !ok) {
    return tl::unexpected(ok.error());
  }
  auto device = open_port(session.backends, port, open_spec(settings, session));
  if (!device || (*device)->facts().layer == Layer::kL2) return device;
  return fail(ErrorKind::kUsage,
              fmt::format("{} is a socket: it has no frames to forward", port.device),
              "use af_xdp or af_packet on a network interface");
}

Result<std::pair<PortSpec, PortSpec>> name_both(const DutSettings& settings,
                                                const Session& session) {
  const Result<PortSpec> a = parse_port_spec(session.backends, settings.a);
  if (!a) return tl::unexpected(a.error());
  const Result<PortSpec> b = parse_port_spec(session.backends, settings.b);
  if (!b) return tl::unexpected(b.error());
  if (a->device == b->device) {
    return fail(ErrorKind::kUsage, fmt::format("--a and --b are the same port, {}", a->device),
                "a device has two ports: name another one");
  }
  return std::pair(*a, *b);
}

// --dry-run: what can be known without opening anything.
Result<std::string> plan_text(const DutSettings& settings, const Session& session) {
  const auto named = name_both(settings, session);
  if (!named) return tl::unexpected(named.error());
  for (const PortSpec* port : {&named->first, &named->second}) {
    const Status allowed = check_management(*port, settings.allow_mgmt_interface);
    if (!allowed) return tl::unexpected(allowed.error());
    const Result<Backend*> backend = choose_backend(session.backends, *port);
    if (!backend) return tl::unexpected(backend.error());
    const Status fit = (*backend)->check(*port, open_spec(settings, session));
    if (!fit) return tl::unexpected(fit.error());
  }
  return fmt::format(
      "forwards    {} <-> {}\na to b      {}\nb to a      {}\nends        {}\n"
      "dry run: nothing was opened and nothing was forwarded\n",
      settings.a, settings.b, describe_wire(path_spec(settings, false).wire),
      describe_wire(path_spec(settings, true).wire),
      !settings.duration ? "on SIGINT, SIGTERM or SIGHUP" : "by itself");
}

Result<DutPorts> open_both(const DutSettings& settings, const Session& session) {
  const auto named = name_both(settings, session);
  if (!named) return tl::unexpected(named.error());
  DutPorts ports;
  auto opened = open_one(named->first, settings, session);
  if (!opened) return tl::unexpected(opened.error());
  ports.a = std::move(*opened);
  opened = open_one(named->second, settings, session);
  if (!opened) return tl::unexpected(opened.error());
  ports.b = std::move(*opened);
  return ports;
}

void say_ready(const DutSettings& settings, const DutPorts& ports) {
  const DeviceFacts& a = ports.a->facts();
  const DeviceFacts& b = ports.b->facts();
  say(fmt::format("dut: forwarding {} <-> {} ({} {}, {} {}); a to b: {}; b to a: {}; ends {}\n",
                  settings.a, settings.b, a.backend, a.mode, b.backend, b.mode,
                  describe_wire(path_spec(settings, false).wire),
                  describe_wire(path_spec(settings, true).wire),
                  !settings.duration ? "on SIGINT, SIGTERM or SIGHUP" : "by itself"));
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

void note_identities(RunReport& report) {
  for (const DutDirection* direction : {&report.dut->a_to_b, &report.dut->b_to_a}) {
    const std::string broken = check_identity(direction->counts);
    if (broken.empty()) continue;
    report.status = RunStatus::kInvalid;
    report.notes.push_back(fmt::format("{} to {}: the counters contradict each other: {}",
                                       direction->from, direction->to, broken));
  }
  if (report.dut->log_overflow > 0) {
    report.notes.push_back(
        fmt::format("{} records found the log full: give --log-frames", report.dut->log_overflow));
    say(fmt::format("dut: {}\n", report.notes.back()));
  }
}

// Fills the report, with what was counted until then also when a port has gone. `cpus`: where the
// thread that looks after the ports may run.
Status forward(const DutSettings& settings, const Session& session, DutPorts& ports,
               const CpuList& cpus, std::optional<DutLog>& log, RunReport& report) {
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
  Forwarder forwarder(*ports.a, *ports.b, spec, session.clock, log ? &log->log : nullptr);
  session.clock.refit();
  say_ready(settings, ports);
  DutResult result;
  PortWatch watch({ports.a.get(), ports.b.get()}, interrupted(), session.clock, cpus);
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
  std::vector<NicFacts>& nics = report.environment.nics;
  for (const Status& read : {read_port(settings.a, *ports.a, result.a, nics.at(0)),
                             read_port(settings.b, *ports.b, result.b, nics.at(1)), written}) {
    if (ended) ended = read;
  }
  report.dut = std::move(result);
  return ended;
}

}  // namespace

int run_dut(const Settings& asked, const Session& session) {
  const DutSettings& settings = asked.dut;
  RunReport report = begin_report(session, asked);
  report.config = describe_dut(settings);
  const auto give_up = [&](const Error& error) {
    set_error(report, error);
    return finish(session, report);
  };
  if (const Status ok = check_output(session, settings.log); !ok) return give_up(ok.error());
  if (session.output.dry_run) return finish_dry_run(session, report, plan_text(settings, session));
  Result<std::optional<DutLog>> log = open_log(settings);
  if (!log) return give_up(log.error());
  const CpuList cpus = allowed_cpus();
  if (settings.core) {
    if (const Status ok = pin_current_thread(*settings.core); !ok) return give_up(ok.error());
    report.environment.cores_used.push_back({*settings.core, "forward"});
  }
  undo_leftovers(report);
  Result<DutPorts> ports = open_both(settings, session);
  if (!ports) return give_up(ports.error());
  for (const Device* device : {ports->a.get(), ports->b.get()}) {
    describe_port(*device, settings.ring_frames, report);
  }
  prctl(PR_SET_TIMERSLACK, 1);  // naps end when they say, not 50 us later
  const Status ended = forward(settings, session, *ports, cpus, *log, report);
  note_identities(report);
  if (!ended) return give_up(ended.error());
  return finish(session, report);
}

}  // namespace wireproof
