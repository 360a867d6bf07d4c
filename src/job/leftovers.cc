#include "job/leftovers.h"

#include <fmt/format.h>

#include "base/core_partition.h"
#include "io/clsact.h"
#include "io/interrupts.h"

namespace wireproof {

const UndoKinds& undo_kinds() {
  static const UndoKinds kinds{
      {kClsactKind, undo_clsact_filter},
      {kCorePartitionKind, [](const JournalEntry& entry) { return undo_core_partition(entry); }},
      {kInterruptKind, [](const JournalEntry& entry) { return undo_interrupt_affinity(entry); }}};
  return kinds;
}

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

void undo_leftovers(RunReport& report) {
  const auto changes = undo_dead(undo_kinds(), false);
  if (!changes) {
    report.notes.push_back(
        fmt::format("cannot check for changes that killed runs left: {}", changes.error().message));
    return;
  }
  for (const LeftoverChange& change : *changes) {
    if (change.outcome != Leftover::kUndone && !stands_in_the_way(change)) continue;
    report.notes.push_back(fmt::format("left by the killed process {}: {}, {}", change.owner,
                                       describe(change.entry), outcome_text(change)));
  }
}

}  // namespace wireproof
