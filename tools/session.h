// One run of the program from start to exit code: what every verb needs to begin, and the one place
// where a report is written out.
#pragma once

#include <string>
#include <vector>

#include "base/host_clock.h"
#include "io/backend_set.h"
#include "report/document.h"
#include "settings/settings.h"

namespace wireproof {

struct Session {
  const BackendSet& backends;
  const HostClock& clock;
  OutputSettings output;
  std::vector<std::string> command;     // argv
  std::int64_t started_at_unix_ns = 0;  // CLOCK_REALTIME
  Nanoseconds started_at = 0;           // on `clock`
};

[[nodiscard]] Session begin_session(const BackendSet& backends, const HostClock& clock,
                                    const OutputSettings& output, int argc,
                                    const char* const* argv);

// A report with everything that is known before the verb begins: tool, host, command.
[[nodiscard]] RunReport begin_report(const Session& session, ReportKind kind);
// And what the verb is asked to do.
[[nodiscard]] RunReport begin_report(const Session& session, const Settings& settings);
// Which verb's results are of which kind; those of the others are no reports.
[[nodiscard]] ReportKind kind_of(Verb verb);

// Refuses early what could not be written late (--json=FILE into a missing folder), and a result
// that would replace the `log` of the same run (empty: none).
[[nodiscard]] Status check_output(const Session& session, const std::string& log = {});

// Fit for a terminal and a document: errors quote what users type and what files hold, and nothing
// of it may steer a terminal, break the line or go on for pages.
[[nodiscard]] Error presentable(const Error& error);

// Puts the error into the report.
void set_error(RunReport& report, const Error& error);

// Writes the report where the user asked for it and returns the exit code (docs/manual.md, "Exit
// codes"). A failure to write is said on standard error, together with the text that was lost.
[[nodiscard]] int finish(const Session& session, RunReport& report);

// --dry-run ends here: the plan as text or, where JSON was asked for, as the notes of a document
// without trials. Returns the exit code.
[[nodiscard]] int finish_dry_run(const Session& session, RunReport& report,
                                 const Result<std::string>& plan);

// The exit code of an error alone.
[[nodiscard]] int exit_code(ErrorKind kind);

// "wireproof: message\n  hint" on standard error.
void print_error(const Error& error);

}  // namespace wireproof
