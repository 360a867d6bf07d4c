// wireproof cleanup: undo what killed runs left on this host (base/journal.h).
#pragma once

#include <string>
#include <vector>

#include "base/journal.h"

namespace wireproof {

// One line a change, what became of it, and what the user can do where it stays.
[[nodiscard]] std::string cleanup_text(const std::vector<LeftoverChange>& changes);

// Undoes (or, with `dry_run`, lists) and prints. Returns the exit code: 3 when something could not
// be undone; what belongs to another network namespace is only reported.
[[nodiscard]] int run_cleanup(bool dry_run);

}  // namespace wireproof
