// The pieces of the result document as JSON values, shared by the document and the event stream.
// Private to src/report: nothing else sees nlohmann/json.
#pragma once

#include <nlohmann/json.hpp>

#include "report/document.h"
#include "trial/core_estimate.h"

namespace wireproof {

using Json = nlohmann::ordered_json;  // keys in the order in which they are to be read

// Seconds of a duration; a float by nature, so never used for counts.
[[nodiscard]] double seconds(Nanoseconds duration);

[[nodiscard]] Json trial_json(const TrialResult& trial, const HostFacts& host);
// Adds latency, jitter, reordering, loss bursts and pacing, as far as they were measured.
void put_timing(Json& json, const DirectionResult& direction, const ClockState& clock);
[[nodiscard]] Json delay_of_interval_json(const HistogramSteps& delays);
[[nodiscard]] Json search_json(const SearchResult& search, const HostFacts& host,
                               double line_rate_bps);
[[nodiscard]] Json dut_json(const DutResult& result);
[[nodiscard]] Json interval_json(const Interval& interval, const DirectionResult& direction);
[[nodiscard]] Json line_plan_json(const LinePlan& plan);
[[nodiscard]] Json calibration_json(const CalibrationEntry& entry);
// Into a direction's object, beside what was measured; nothing where there was no calibration.
void put_bare_cable(Json& direction, const DirectionResult& of);
// null where there is none.
[[nodiscard]] Json error_json(const std::optional<Error>& error);
[[nodiscard]] Json document_json(const RunReport& report);

// Text that is not UTF-8 (an argument, a file name) is shown with replacement characters rather
// than ending the run. indent < 0: one line.
[[nodiscard]] std::string dump(const Json& json, int indent);

}  // namespace wireproof
