// The result document and the event stream as text. Schema: docs/schema/result-1.0.schema.json.
// What was not measured is absent, never zero or null (but `error`, which is null when there is
// none). Counts are integers; instants are RFC 3339; durations in nanoseconds are integers.
#pragma once

#include <string>

#include "report/document.h"

namespace wireproof {

// The whole document, indented, with a final newline.
[[nodiscard]] std::string to_json(const RunReport& report);

// One line each, with its newline, for --json-stream:
//   {"event":"trial","trial":{...}}  {"event":"interval","trial_id":n,"interval":{...}}
//   {"event":"result","document":{...}}, always the last
[[nodiscard]] std::string trial_event(const TrialResult& trial, const HostFacts& host);
// Of the last interval of a direction.
[[nodiscard]] std::string interval_event(std::uint64_t trial_id, const DirectionResult& so_far);
[[nodiscard]] std::string result_event(const RunReport& report);

}  // namespace wireproof
