// How numbers and sentences look to people. Private to src/report.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/document.h"
#include "trial/core_estimate.h"

namespace wireproof {

inline constexpr std::size_t kTextColumns = 80;

[[nodiscard]] std::string grouped(std::uint64_t count);     // "14,880,952"
[[nodiscard]] std::string fps_text(double fps);             // "14,880,952", "500", "812.74"
[[nodiscard]] std::string times_text(std::uint64_t count);  // "once", "2 times"
[[nodiscard]] std::string mbit_text(double bps);            // "9,523.81"; no unit
// Of one, in percent without the sign: "0", "0.1", "0.00000012"; never an exponent.
[[nodiscard]] std::string percent_text(double ratio);
[[nodiscard]] std::string bit_rate_text(double bps);         // "10 Gbit/s"
[[nodiscard]] std::string duration_text(Nanoseconds value);  // "10 s", "500 ms", "2 m 5 s"
// "1,512.345"; without the digits that are finer than what is known to within `bound`.
[[nodiscard]] std::string microseconds_text(double ns, Nanoseconds bound = 1);

// Breaks at blanks so that no line is longer than kTextColumns (a longer word stands alone); each
// line but the first is indented. Ends with a newline.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent = 0);

// The line without the blanks that padding left at its end, and a newline.
[[nodiscard]] std::string trimmed_line(std::string line);

// Ports, modes, cores, host, version and command: what a ticket needs. Ends with a newline.
[[nodiscard]] std::string footer_text(const RunReport& report);

[[nodiscard]] std::string trial_text(const TrialResult& trial, const Hosts& hosts);
// One line a criterion; empty without any.
[[nodiscard]] std::string criteria_text(const RunReport& report);
[[nodiscard]] std::string searches_text(const RunReport& report);
// The ports of the first trial; empty without any.
[[nodiscard]] std::string path_text(const std::vector<TrialResult>& trials);
[[nodiscard]] std::string suite_text(const RunReport& report);
// A row for each trial, in order; empty without any.
[[nodiscard]] std::string search_trials_text(const RunReport& report);
// Of each port, by the driver's own names; empty where no driver has any.
[[nodiscard]] std::string counters_text(const Hosts& hosts);
[[nodiscard]] std::string dut_text(const DutResult& result);
// What the tester alone can do, one line; empty where it was not calibrated. Ends with a newline.
[[nodiscard]] std::string baseline_text(const DirectionResult& direction, const ClockState& clock);
[[nodiscard]] std::string calibrations_text(const RunReport& report);
// The table of one rate, or of several; then what is measured and what assumed. Ends with a
// newline.
[[nodiscard]] std::string line_plan_text(const LinePlan& plan);

// Delay, its variation, order, loss bursts and pacing, as far as they were measured.
[[nodiscard]] std::string timing_text(const DirectionResult& direction, const ClockState& clock);

}  // namespace wireproof
