#include "tools/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "base/cpu.h"
#include "report/header_text.h"
#include "report/json.h"
#include "report/presentable.h"
#include "report/text.h"
#include "report/write_file.h"
#include "tools/interrupt.h"
#include "tools/standard_streams.h"
#include "tools/version.h"

namespace wireproof {
namespace {

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

}  // namespace

Session begin_session(const BackendSet& backends, const HostClock& clock,
                      const OutputSettings& output, int argc, const char* const* argv) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  ToolFacts tool{.version = version(), .git = git_revision()};
  for (const auto& backend : backends.backends) tool.backends.emplace_back(backend->name());
  return Session{.backends = backends,
                 .clock = clock,
                 .output = output,
                 .origin = {.tool = std::move(tool),
                            .command = std::vector<std::string>(argv, argv + argc),
                            .started_at_unix_ns = now.tv_sec * kSecond + now.tv_nsec,
                            .started_at = clock.now()}};
}

JobContext context_of(const Session& session, JobEvents& events) {
  return {.backends = session.backends,
          .clock = session.clock,
          .cancelled = interrupted(),
          .events = events,
          .cores = {},
          .calibration_file = calibration_path(std::getenv("XDG_STATE_HOME"), std::getenv("HOME")),
          .origin = session.origin};
}

Status check_output(const Session& session, const std::string& log) {
  if (!session.output.json || json_to_stdout(session.output)) return {};
  std::error_code error;
  const auto real = [&error](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  };
  if (!log.empty() && !real(log).empty() && real(*session.output.json) == real(log)) {
    return fail(ErrorKind::kUsage, fmt::format("the result and the log are both to be '{}'", log),
                "name two files");
  }
  return check_writable(*session.output.json);
}

int finish(const Session& session, const RunReport& report) {
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
  const Error shown = presentable(error);
  say(fmt::format("wireproof: {}\n", shown.message));
  if (!shown.hint.empty()) say(fmt::format("  {}\n", shown.hint));
}

}  // namespace wireproof
