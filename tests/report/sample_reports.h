// Reports with every field that has a meaning, and with as few as there can be: what the JSON, the
// text and the schema are tested on.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/document.h"

namespace wireproof {

[[nodiscard]] RunReport full_trial_report();  // two directions, everything measured
[[nodiscard]] RunReport streams_report();     // of a mix, with a probe beside it, to a second host
[[nodiscard]] RunReport send_only_report();   // --rx none, --rate max
[[nodiscard]] RunReport failed_start_report();    // a precondition failed: no trial took place
[[nodiscard]] RunReport search_report();          // regular, tester-limited, and without any bound
[[nodiscard]] RunReport suite_report();           // every test; one of another size without answers
[[nodiscard]] RunReport command_search_report();  // another program measured: totals alone
[[nodiscard]] RunReport broken_search_report();   // the interface went away in the second search
[[nodiscard]] RunReport dut_report();             // with a log; one port that cannot tell its drops

[[nodiscard]] RunReport calibration_report();  // a floor and a ceiling; a ceiling alone

// All of them, by name.
[[nodiscard]] std::vector<std::pair<std::string, RunReport>> sample_reports();

}  // namespace wireproof
