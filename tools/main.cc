// The one binary: find the verb, bind, call.

#include <fmt/format.h>

#include <exception>
#include <string_view>

#include "base/unforeseen.h"
#include "tools/backends.h"
#include "tools/cleanup.h"
#include "tools/command_line.h"
#include "tools/host_verbs.h"
#include "tools/interrupt.h"
#include "tools/job_verb.h"
#include "tools/session.h"
#include "tools/standard_streams.h"

namespace wireproof {
namespace {

// Whether JSON was asked for on a command line that could not be parsed: the document is owed all
// the same.
OutputSettings asked_for(int argc, const char* const* argv) {
  OutputSettings output;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "-J" || word == "--json") {
      const bool named = i + 1 < argc && argv[i + 1][0] != '-' && argv[i + 1][0] != '\0';
      output.json = named ? argv[i + 1] : "-";
    }
    if (word.starts_with("--json=")) output.json = std::string(word.substr(7));
    if (word == "--json-stream") output.json_stream = true;
  }
  return output;
}

int refuse(const Session& session, Verb verb, const Error& error) {
  if (verb == Verb::kBackends || verb == Verb::kDoctor) {
    return refuse_host_verb(verb, error, session);
  }
  return refuse_job_verb(verb, error, session);
}

int run_verb(const Settings& settings, const Session& session) {
  switch (settings.verb) {
    case Verb::kTrial:
    case Verb::kSearch:
    case Verb::kRfc2544:
    case Verb::kCalibrate:
    case Verb::kDut:
      return run_job_verb(settings, session);
    case Verb::kBackends:
      return run_backends(session);
    case Verb::kDoctor:
      return run_doctor(settings.doctor, session);
    case Verb::kCleanup:
      return run_cleanup(settings.output.dry_run);
  }
  return 2;
}

// Whatever a verb did not foresee still ends with its document.
int run_to_its_end(const Settings& settings, const Session& session) {
  Error error;
  try {
    return run_verb(settings, session);
  } catch (const std::exception&) {
    error = unforeseen_error();
  }
  return refuse(session, settings.verb, error);
}

int run_program(int argc, const char* const* argv) {
  const ParsedCommandLine parsed = parse_command_line(argc, argv);
  if (parsed.early) {
    const int code = print(parsed.early->text);
    return code != 0 ? code : parsed.early->exit_code;
  }
  const BackendSet backends = enabled_backends();
  const HostClock clock;
  if (parsed.error) {
    const Session session = begin_session(backends, clock, asked_for(argc, argv), argc, argv);
    return refuse(session, parsed.settings.verb, *parsed.error);
  }
  const Session session = begin_session(backends, clock, parsed.settings.output, argc, argv);
  return run_to_its_end(parsed.settings, session);
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  using namespace wireproof;
  secure_standard_streams();
  install_interrupt_handlers();
  try {
    return run_program(argc, argv);
  } catch (const std::exception& error) {  // there is no room even for a document
    print_error({ErrorKind::kPrecondition, fmt::format("cannot go on: {}", error.what())});
    return exit_code(ErrorKind::kPrecondition);
  }
}
