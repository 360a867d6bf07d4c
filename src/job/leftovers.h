// What killed runs left on this host (base/journal.h), undone before a job opens its ports.
#pragma once

#include <string>

#include "base/journal.h"
#include "report/document.h"

namespace wireproof {

// Every kind of change that a backend or a job journals, with its undo.
[[nodiscard]] const UndoKinds& undo_kinds();

// What became of a change, and what the user can do where it stays.
[[nodiscard]] std::string outcome_text(const LeftoverChange& change);
[[nodiscard]] bool stands_in_the_way(const LeftoverChange& change);

// Undoes what dead runs left in this network namespace, by whichever backend. What was undone, and
// what could not be, goes to the notes.
void undo_leftovers(RunReport& report);

}  // namespace wireproof
