#include "tools/session.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "base/cpu.h"
#include "report/json.h"
#include "report/text.h"
#include "report/write_file.h"
#include "tools/interrupt.h"
#include "tools/version.h"

namespace wireproof {
namespace {

HostFacts host_facts() {
  HostFacts host;
  utsname names{};
  uname(&names);
  host.host = names.nodename;
  host.kernel = fmt::format("{} {}", names.sysname, names.release);
  const CpuFacts cpus;
  host.cpu = cpus.model();
  host.cpus_online = static_cast<unsigned>(cpus.online().size());
  host.numa_nodes = cpus.numa_nodes();
  host.clocksource = cpus.clocksource();
  return host;
}

bool json_to_stdout(const OutputText& output) {
  return output.json && (output.json->empty() || *output.json == "-");
}

int status_exit_code(const RunReport& report) {
  switch (report.status) {
    case RunStatus::kOk:
      return 0;
    case RunStatus::kFailed:
      return 1;
    case RunStatus::kInvalid:
      return exit_code(ErrorKind::kInvalid);
    case RunStatus::kAborted:
      return exit_code(ErrorKind::kInterrupted);
    case RunStatus::kError:
      return exit_code(report.error ? report.error->kind : ErrorKind::kPrecondition);
  }
  return exit_code(ErrorKind::kPrecondition);
}

Status write_outputs(const Session& session, const RunReport& report) {
  const OutputText& output = session.output;
  if (output.json_stream) {
    if (Status ok = write_all(STDOUT_FILENO, result_event(report), "standard output"); !ok) {
      return ok;
    }
  }
  if (output.json) {
    const std::string path = json_to_stdout(output) ? "-" : *output.json;
    if (Status ok = write_result(path, to_json(report)); !ok) return ok;
  }
  const bool stdout_taken = json_to_stdout(output) || output.json_stream;
  if (stdout_taken || output.quiet || report.error) return {};
  return write_all(STDOUT_FILENO, to_text(report), "standard output");
}

}  // namespace

Session begin_session(const BackendSet& backends, const Clock& clock, const OutputText& output,
                      int argc, const char* const* argv) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Session{.backends = backends,
                 .clock = clock,
                 .output = output,
                 .command = std::vector<std::string>(argv, argv + argc),
                 .started_at_unix_ns = now.tv_sec * kSecond + now.tv_nsec,
                 .started_at = clock.now()};
}

RunReport begin_report(const Session& session, ReportKind kind) {
  RunReport report;
  report.kind = kind;
  report.tool.version = version();
  report.tool.git = git_revision();
  for (const auto& backend : session.backends.backends) {
    report.tool.backends.emplace_back(backend->name());
  }
  report.started_at_unix_ns = session.started_at_unix_ns;
  report.environment = host_facts();
  report.command = session.command;
  return report;
}

Status check_output(const Session& session) {
  if (!session.output.json || json_to_stdout(session.output)) return {};
  return check_writable(*session.output.json);
}

void set_error(RunReport& report, const Error& error) {
  report.status = error.kind == ErrorKind::kInterrupted ? RunStatus::kAborted : RunStatus::kError;
  report.error = error;
}

int finish(const Session& session, RunReport& report) {
  report.duration = session.clock.now() - session.started_at;
  if (report.error) print_error(*report.error);
  if (const Status written = write_outputs(session, report); !written) {
    print_error(written.error());
    // What was measured is not lost with the file.
    if (!report.error) fmt::print(stderr, "{}", to_text(report));
    return exit_code(ErrorKind::kOutput);
  }
  return status_exit_code(report);
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kPrecondition:
      return 3;
    case ErrorKind::kPeer:
      return 4;
    case ErrorKind::kOutput:
      return 5;
    case ErrorKind::kInvalid:
      return 6;
    case ErrorKind::kInterrupted:
      return interrupt_exit_code() == 0 ? 130 : interrupt_exit_code();
  }
  return 3;
}

void print_error(const Error& error) {
  fmt::print(stderr, "wireproof: {}\n", error.message);
  if (!error.hint.empty()) fmt::print(stderr, "  {}\n", error.hint);
}

}  // namespace wireproof
