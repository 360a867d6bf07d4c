#include "tools/cleanup.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/clsact.h"
#include "tools/session.h"
#include "tools/standard_streams.h"

namespace wireproof {
namespace {

std::string outcome_text(const LeftoverChange& change) {
  switch (change.outcome) {
    case Leftover::kUndone:
      return "undone";
    case Leftover::kWouldUndo:
      return "would be undone";
    case Leftover::kFailed:
      return fmt::format("not undone: {}", change.reason);
    case Leftover::kElsewhere:
      return fmt::format("left: it is in network namespace {}; run cleanup there",
                         change.entry.netns);
    case Leftover::kVanished:
      return "gone with its network namespace";
    case Leftover::kUnknownKind:
      return "left: this build does not know how; use the version that made it";
  }
  return {};
}

bool stands_in_the_way(const LeftoverChange& change) {
  return change.outcome == Leftover::kFailed || change.outcome == Leftover::kUnknownKind;
}

}  // namespace

const UndoKinds& undo_kinds() {
  static const UndoKinds kinds{{kClsactKind, undo_clsact_filter}};
  return kinds;
}

std::string cleanup_text(const std::vector<LeftoverChange>& changes) {
  if (changes.empty()) return "nothing to clean up\n";
  std::string text;
  for (const LeftoverChange& change : changes) {
    text += fmt::format("{}\n  of process {}: {}\n", describe(change.entry), change.owner,
                        outcome_text(change));
  }
  return text;
}

void undo_leftovers(RunReport& report) {
  const auto changes = undo_dead(undo_kinds(), false);
  if (!changes) {
    report.notes.push_back(
        fmt::format("what killed runs may have left is not known: {}", changes.error().message));
    return;
  }
  for (const LeftoverChange& change : *changes) {
    if (change.outcome != Leftover::kUndone && !stands_in_the_way(change)) continue;
    report.notes.push_back(fmt::format("left by the killed process {}: {}, {}", change.owner,
                                       describe(change.entry), outcome_text(change)));
  }
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
