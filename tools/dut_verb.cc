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
  Result<LogFile> file = LogFile::open(settings.log);
  if (!file) return tl::unexpected(file.error());
  return DutLog{std::move(*file), ForwardLog(settings.log_frames)};
}

Status write_log(DutLog& log) {
  if (const Status ok = log.file.empty(); !ok) return ok;
  return log.log.write_csv(log.file.file(), log.file.path());
}

Result<std::unique_ptr<Device>> open_one(const PortSpec& port, const DutSettings& settings,
                                         const Session& session) {
  if (const Status ok = check_management(port, settings.allow_mgmt_interface); !ok) {
    return tl::unexpected(ok.error());
  }
  OpenSpec spec;
  spec.ring_frames = settings.ring_frames;
  spec.buffer_len_max = ForwardPathSpec{}.buffer_len_max;
  spec.tagged = true;
  spec.steering.everything = true;
  spec.clock = &session.clock;
  auto device = open_port(session.backends, port, spec);
  if (!device || (*device)->facts().layer == Layer::kL2) return device;
  return fail(ErrorKind::kUsage,
              fmt::format("{} is a socket: it has no frames to forward", port.device),
              "use af_xdp or af_packet on a network interface");
}

Result<DutPorts> open_both(const DutSettings& settings, const Session& session) {
  const Result<PortSpec> a = parse_port_spec(session.backends, settings.a);
  if (!a) return tl::unexpected(a.error());
  const Result<PortSpec> b = parse_port_spec(session.backends, settings.b);
  if (!b) return tl::unexpected(b.error());
  if (a->device == b->device) {
    return fail(ErrorKind::kUsage, fmt::format("--a and --b are the same port, {}", a->device),
                "a device has two ports: name another one");
  }
  DutPorts ports;
  auto opened = open_one(*a, settings, session);
  if (!opened) return tl::unexpected(opened.error());
  ports.a = std::move(*opened);
  opened = open_one(*b, settings, session);
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
                  settings.duration == 0 ? "on SIGINT or SIGTERM" : "by itself"));
}

Result<DutPort> port_result(const std::string& port, Device& device, NicFacts& nic) {
  const Result<DeviceCounters> counters = device.counters();
  if (!counters) return tl::unexpected(counters.error());
  describe_counters(*counters, nic);
  return DutPort{.port = port,
                 .backend = device.facts().backend,
                 .mode = device.facts().mode,
                 .rx_stamp = device.facts().rx_stamp,
                 .tx_dropped = counters->tx_dropped,
                 .rx_ring_dropped = counters->rx_ring_dropped,
                 .rx_nic_dropped = counters->rx_nic_dropped};
}

Status read_ports(const DutSettings& settings, const DutPorts& ports, DutResult& result,
                  RunReport& report) {
  std::vector<NicFacts>& nics = report.environment.nics;
  auto port = port_result(settings.a, *ports.a, nics.at(0));
  if (!port) return tl::unexpected(port.error());
  result.a = std::move(*port);
  port = port_result(settings.b, *ports.b, nics.at(1));
  if (!port) return tl::unexpected(port.error());
  result.b = std::move(*port);
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

// Fills the report; the log is written even when a port has gone.
Status forward(const DutSettings& settings, const Session& session, DutPorts& ports,
               std::optional<DutLog>& log, RunReport& report) {
  const ForwarderSpec spec{.a_to_b = path_spec(settings, false),
                           .b_to_a = path_spec(settings, true),
                           .idle = settings.idle};
  Forwarder forwarder(*ports.a, *ports.b, spec, session.clock, log ? &log->log : nullptr);
  session.clock.refit();
  say_ready(settings, ports);
  DutResult result;
  result.duration = forwarder.run(interrupted(), settings.duration);
  result.a_to_b = {settings.a, settings.b, forwarder.a_to_b()};
  result.b_to_a = {settings.b, settings.a, forwarder.b_to_a()};
  Status written;
  if (log) {
    result.log = settings.log;
    result.log_records = log->log.records().size();
    result.log_overflow = log->log.overflow();
    written = write_log(*log);
  }
  const Status read = read_ports(settings, ports, result, report);
  if (read) report.dut = std::move(result);
  return written ? read : written;
}

}  // namespace

int run_dut(const DutSettings& settings, const Session& session) {
  RunReport report = begin_report(session, ReportKind::kDut);
  report.config = describe_dut(settings);
  const auto give_up = [&](const Error& error) {
    set_error(report, error);
    return finish(session, report);
  };
  if (const Status ok = check_output(session); !ok) return give_up(ok.error());
  Result<std::optional<DutLog>> log = open_log(settings);
  if (!log) return give_up(log.error());
  if (settings.core) {
    if (const Status ok = pin_current_thread(*settings.core); !ok) return give_up(ok.error());
    report.environment.cores_used.push_back({*settings.core, "forward"});
  }
  Result<DutPorts> ports = open_both(settings, session);
  if (!ports) return give_up(ports.error());
  for (const Device* device : {ports->a.get(), ports->b.get()}) {
    describe_port(*device, settings.ring_frames, report);
  }
  prctl(PR_SET_TIMERSLACK, 1);  // naps end when they say, not 50 us later
  if (const Status ok = forward(settings, session, *ports, *log, report); !ok) {
    return give_up(ok.error());
  }
  note_identities(report);
  return finish(session, report);
}

}  // namespace wireproof
