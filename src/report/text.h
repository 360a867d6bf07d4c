// The result for people: plain text, 80 columns, no colour, units in the headers.
#pragma once

#include <string>

#include "report/document.h"

namespace wireproof {

// `verbose`: also every trial of a search, and each port's counters by the driver's own names.
[[nodiscard]] std::string to_text(const RunReport& report, bool verbose = false);

// One line of a direction that still runs: rates and delay of its last interval, and of the whole
// what is lost at least and at most (what has not come back, on its way or not). No newline.
[[nodiscard]] std::string live_text(const DirectionResult& so_far);

// "[3/18] 64 bytes, back-to-back: trial 5, at 19,900 frames/s, about 40 s left". No newline.
[[nodiscard]] std::string progress_text(const SuiteProgress& progress);

}  // namespace wireproof
