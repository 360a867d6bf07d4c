// One run of the program from start to exit code: what every verb needs to begin, and the one place
// where a report is written out.
#pragma once

#include <string>

#include "job/job.h"

namespace wireproof {

struct Session {
  const BackendSet& backends;
  const HostClock& clock;
  OutputSettings output;
  JobOrigin origin;
};

[[nodiscard]] Session begin_session(const BackendSet& backends, const HostClock& clock,
                                    const OutputSettings& output, int argc,
                                    const char* const* argv);

// All that this process may use, for the one job that it runs; `events` outlives it.
[[nodiscard]] JobContext context_of(const Session& session, JobEvents& events);

// Refuses early what could not be written late (--json=FILE into a missing folder), and a result
// that would replace the `log` of the same run (empty: none).
[[nodiscard]] Status check_output(const Session& session, const std::string& log = {});

// Writes the report where the user asked for it and returns the exit code (docs/manual.md, "Exit
// codes"). A failure to write is said on standard error, together with the text that was lost.
[[nodiscard]] int finish(const Session& session, const RunReport& report);

// The exit code of an error alone.
[[nodiscard]] int exit_code(ErrorKind kind);

// "wireproof: message\n  hint" on standard error.
void print_error(const Error& error);

}  // namespace wireproof
