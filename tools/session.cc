#include "tools/session.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <sstream>

#include "base/cpu.h"
#include "base/units.h"
#include "report/header_text.h"
#include "report/json.h"
#include "report/text.h"
#include "report/write_file.h"
#include "settings/reading.h"
#include "tools/interrupt.h"
#include "tools/ptp_state.h"
#include "tools/standard_streams.h"
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

bool json_to_stdout(const OutputSettings& output) {
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

// Empty when nothing was measured: then the error says it all.
std::string text_for_people(const RunReport& report, bool verbose) {
  const bool nothing = report.error && report.trials.empty() && report.searches.empty() &&
                       !report.dut && report.calibrations.empty();
  return nothing ? std::string() : to_text(report, verbose);
}

struct Outputs {
  Status written;           // the first that failed
  bool text_shown = false;  // a person has seen the summary, or did not want it
};

// Every output is tried whatever became of the one before: a full disk takes no text away, and a
// closed pipe no file.
Outputs write_outputs(const Session& session, const RunReport& report, const std::string& text) {
  const OutputSettings& output = session.output;
  Outputs outputs;
  const auto keep_first = [&outputs](Status status) {
    if (outputs.written && !status) outputs.written = std::move(status);
  };
  if (output.json_stream) {
    keep_first(write_all(STDOUT_FILENO, result_event(report), "standard output"));
  }
  if (output.json) {
    keep_first(write_result(json_to_stdout(output) ? "-" : *output.json, to_json(report)));
  }
  if (output.quiet || json_to_stdout(output) || output.json_stream) {
    outputs.text_shown = outputs.written.has_value();
    return outputs;
  }
  const Status shown = write_all(STDOUT_FILENO, text, "standard output");
  outputs.text_shown = shown.has_value();
  keep_first(shown);
  return outputs;
}

// The flag of a disturbed run, and why it is no more than that.
void note_steps(RunReport& report) {
  const ClockState& clock = report.environment.clock;
  if (clock.wall_clock_steps == 0) return;
  const std::string times =
      clock.wall_clock_steps == 1 ? "" : fmt::format(" {} times,", clock.wall_clock_steps);
  report.notes.push_back(fmt::format(
      "the wall clock was stepped{} by {} in all during the run: no count, delay or duration "
      "depends on it",
      times, format_duration(clock.wall_clock_step_total_ns)));
}

std::string presentable(const std::string& text) {
  constexpr std::size_t kShown = 400;
  std::string shown;
  for (const char c : text.substr(0, kShown)) shown += (c >= ' ' && c <= '~') ? c : '?';
  return text.size() > kShown ? shown + "..." : shown;
}

}  // namespace

Session begin_session(const BackendSet& backends, const HostClock& clock,
                      const OutputSettings& output, int argc, const char* const* argv) {
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
  report.environment.clock = session.clock.describe();
  report.command = session.command;
  return report;
}

RunReport begin_report(const Session& session, const Settings& settings) {
  RunReport report = begin_report(session, kind_of(settings.verb));
  report.settings = job_config(settings);
  return report;
}

ReportKind kind_of(Verb verb) {
  if (verb == Verb::kSearch) return ReportKind::kSearch;
  if (verb == Verb::kCalibrate) return ReportKind::kCalibration;
  return verb == Verb::kDut ? ReportKind::kDut : ReportKind::kTrial;
}

Status check_output(const Session& session, const std::string& log) {
  if (!session.output.json || json_to_stdout(session.output)) return {};
  std::error_code error;
  const auto real = [&error](const std::string& path) {
    return std::filesystem::weakly_canonical(path, error);
  };
  if (!log.empty() && real(*session.output.json) == real(log)) {
    return fail(ErrorKind::kUsage, fmt::format("the result and the log are both to be '{}'", log),
                "name two files");
  }
  return check_writable(*session.output.json);
}

Error presentable(const Error& error) {
  Error shown{error.kind, presentable(error.message), presentable(error.hint), error.errno_value};
  // Whatever was to be opened then, this is what ran out.
  if (error.errno_value == EMFILE) shown.hint = "raise the limit on open files: ulimit -n";
  return shown;
}

void set_error(RunReport& report, const Error& error) {
  report.error = presentable(error);
  // What was given up because the user wanted it ended is not the host's fault.
  if (error.kind == ErrorKind::kPrecondition && interrupted().load()) {
    report.error->kind = ErrorKind::kInterrupted;
    report.error->message = "interrupted: " + report.error->message;
  }
  report.status =
      report.error->kind == ErrorKind::kInterrupted ? RunStatus::kAborted : RunStatus::kError;
}

int finish(const Session& session, RunReport& report) {
  session.clock.maintain();
  report.duration = session.clock.now() - session.started_at;
  report.environment.clock = session.clock.describe();
  note_steps(report);
  const bool measured = !report.trials.empty() || !report.searches.empty() || report.dut;
  if (measured) report.environment.ptp = read_ptp_state();
  if (report.error) print_error(*report.error);
  std::string text = text_for_people(report, session.output.verbose);
  if (session.output.verbose && !text.empty()) text += headers_text(report);
  const Outputs outputs = write_outputs(session, report, text);
  if (outputs.written) return status_exit_code(report);
  const bool told = report.error && report.error->message == outputs.written.error().message;
  if (!told) print_error(outputs.written.error());
  if (!outputs.text_shown) say(text);  // what was measured is not lost with the file
  return exit_code(ErrorKind::kOutput);
}

int finish_dry_run(const Session& session, RunReport& report, const Result<std::string>& plan) {
  if (!plan) {
    set_error(report, plan.error());
    return finish(session, report);
  }
  if (!session.output.json && !session.output.json_stream) return print(*plan);
  std::istringstream lines(*plan);
  for (std::string line; std::getline(lines, line);) report.notes.push_back(line);
  return finish(session, report);
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
  say(fmt::format("wireproof: {}\n", presentable(error.message)));
  if (!error.hint.empty()) say(fmt::format("  {}\n", presentable(error.hint)));
}

}  // namespace wireproof
