// The result document and the event stream as text. Schema: docs/schema/result-1.0.schema.json.
// What was not measured is absent, never zero or null (but `error`, which is null when there is
// none). Counts are integers; instants are RFC 3339; durations in nanoseconds are integers.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "report/document.h"

namespace wireproof {

// The whole document, indented, with a final newline.
[[nodiscard]] std::string to_json(const RunReport& report);

// Back again: to_json() of what is read is the same text. Not told there, and so lost: parts of a
// nanosecond of means, the bounds and retries of a search's loads. Of text from anywhere; fails
// (kPrecondition) with the place of the first thing that is missing, of another kind or impossible.
// Keys that are not known are not looked at.
[[nodiscard]] Result<RunReport> read_result(std::string_view text);

// One line each, with its newline, for --json-stream:
//   {"event":"trial","trial":{...}}  {"event":"interval","trial_id":n,"interval":{...}}
//   {"event":"progress","size":"64","test":"latency","number":n,"tests":n,"trials":n,"left_s":n}
//   {"event":"result","document":{...}}, always the last
[[nodiscard]] std::string trial_event(const TrialResult& trial, const Hosts& hosts);
// Of the last interval of a direction.
[[nodiscard]] std::string interval_event(std::uint64_t trial_id, const DirectionResult& so_far);
[[nodiscard]] std::string progress_event(const SuiteProgress& progress);
[[nodiscard]] std::string result_event(const RunReport& report);

}  // namespace wireproof
