#include "tools/cleanup.h"

#include <fmt/format.h>

#include <algorithm>

#include "job/leftovers.h"
#include "tools/session.h"
#include "tools/standard_streams.h"

namespace wireproof {

std::string cleanup_text(const std::vector<LeftoverChange>& changes) {
  if (changes.empty()) return "nothing to clean up\n";
  std::string text;
  for (const LeftoverChange& change : changes) {
    text += fmt::format("{}\n  of process {}: {}\n", describe(change.entry), change.owner,
                        outcome_text(change));
  }
  return text;
}

int run_cleanup(bool dry_run) {
  const auto changes = undo_dead(undo_kinds(), dry_run);
  if (!changes) {
    print_error(changes.error());
    return exit_code(changes.error().kind);
  }
  if (const int code = print(cleanup_text(*changes)); code != 0) return code;
  const bool clean = std::none_of(changes->begin(), changes->end(), stands_in_the_way);
  return clean ? 0 : exit_code(ErrorKind::kPrecondition);
}

}  // namespace wireproof
