// The command line: which verb, and every setting as it was given, by flag or by a line of the
// configuration file. CLI11 cuts it into words and lives in command_line.cc alone; every sentence
// is ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "settings/reading.h"

namespace wireproof {

// What to do instead of running a verb: print this and end with this exit code.
struct EarlyExit {
  std::string text;
  int exit_code = 0;
};

// The settings, or an early exit (help, version), or a usage error; with an error, `settings` holds
// the verb alone, where there was one.
struct ParsedCommandLine {
  Settings settings;
  std::optional<EarlyExit> early;
  std::optional<Error> error;
};

[[nodiscard]] ParsedCommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace wireproof
