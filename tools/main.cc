// The one binary: find the verb, bind, call.
#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "tools/backends.h"
#include "tools/cleanup.h"
#include "tools/dut_settings.h"
#include "tools/dut_verb.h"
#include "tools/host_verbs.h"
#include "tools/interrupt.h"
#include "tools/search_verb.h"
#include "tools/session.h"
#include "tools/settings.h"
#include "tools/trial_verb.h"

namespace wireproof {
namespace {

// Whether JSON was asked for on a command line that could not be parsed: the document is owed all
// the same.
OutputText asked_for(int argc, const char* const* argv) {
  OutputText output;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "-J" || word == "--json") output.json = "-";
    if (word.starts_with("--json=")) output.json = std::string(word.substr(7));
    if (word == "--json-stream") output.json_stream = true;
  }
  return output;
}

int refuse(const Session& session, ReportKind kind, const Error& error) {
  RunReport report = begin_report(session, kind);
  set_error(report, error);
  return finish(session, report);
}

int run_verb(const CommandLine& line, const Session& session) {
  switch (line.verb) {
    case Verb::kTrial: {
      const auto settings = trial_settings(line.trial);
      if (!settings) return refuse(session, ReportKind::kTrial, settings.error());
      return run_trial(*settings, session);
    }
    case Verb::kSearch: {
      const auto settings = search_settings(line.search);
      if (!settings) return refuse(session, ReportKind::kSearch, settings.error());
      return run_search(*settings, session);
    }
    case Verb::kDut: {
      const auto settings = dut_settings(line.dut);
      if (!settings) return refuse(session, ReportKind::kDut, settings.error());
      return run_dut(*settings, session);
    }
    case Verb::kBackends:
      return run_backends(session);
    case Verb::kDoctor:
      return run_doctor(line.doctor_interface, session);
    case Verb::kCleanup:
      return run_cleanup(line.output.dry_run);
  }
  return 2;
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  using namespace wireproof;
  install_interrupt_handlers();
  const ParsedCommandLine parsed = parse_command_line(argc, argv);
  if (parsed.early) {
    fmt::print("{}", parsed.early->text);
    return parsed.early->exit_code;
  }
  const BackendSet backends = enabled_backends();
  const MonotonicClock clock;
  if (parsed.error) {
    const Session session = begin_session(backends, clock, asked_for(argc, argv), argc, argv);
    return refuse(session, ReportKind::kTrial, *parsed.error);
  }
  const Session session = begin_session(backends, clock, parsed.line.output, argc, argv);
  return run_verb(parsed.line, session);
}
