// What the tester alone can do, as text: beside a result, and as the result of a
// calibration.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/text_parts.h"

namespace wireproof {

namespace {

std::string cell(const std::optional<Nanoseconds>& value, const ClockState& clock) {
  if (!value) return "-";
  return microseconds_text(static_cast<double>(*value),
                           std::max<Nanoseconds>(1, clock.bound_ns.value_or(1)));
}

std::string row(const std::string& size, const std::array<std::string, 5>& delays,
                const std::string& ceiling, const std::string& note) {
  return trimmed_line(fmt::format("{:>6}{:>10}{:>10}{:>10}{:>10}{:>10}{:>14}  {}", size, delays[0],
                                  delays[1], delays[2], delays[3], delays[4], ceiling, note));
}

std::string row(const CalibrationEntry& entry, const ClockState& clock) {
  std::array<std::string, 5> delays = {"-", "-", "-", "-", "-"};
  if (entry.floor) {
    const Distribution& of = entry.floor->delay;
    delays = {cell(of.min, clock), cell(of.p50, clock), cell(of.p99, clock), cell(of.p99_9, clock),
              cell(of.max, clock)};
  }
  if (!entry.ceiling) return row(entry.key.size, delays, "-", "");
  return row(entry.key.size, delays, fps_text(entry.ceiling->lossless_fps),
             entry.ceiling->tester_limited ? "[1]" : "");
}

}  // namespace

std::string baseline_text(const DirectionResult& direction, const ClockState& clock) {
  if (!direction.baseline) return {};
  const Baseline& baseline = *direction.baseline;
  std::string text = "back-to-back baseline of the tester alone";
  if (baseline.floor_p50)
    text += fmt::format(", delay in us p50 {}", cell(baseline.floor_p50, clock));
  if (baseline.floor_p99_9) text += fmt::format(", p99.9 {}", cell(baseline.floor_p99_9, clock));
  if (baseline.ceiling_fps)
    text += fmt::format(", baseline rate {} frames/s", fps_text(*baseline.ceiling_fps));
  const std::string minute = baseline.calibrated_at.substr(0, 16);  // 2026-05-01T12:00
  return wrapped(fmt::format("{} (calibrated {}Z; nothing is subtracted)", text, minute), 2);
}

std::string calibrations_text(const RunReport& report) {
  if (report.calibrations.empty()) return {};
  std::string out = fmt::format("{:>6}{:>50}{:>14}\n", "", "baseline delay, us", "baseline rate");
  out += row("bytes", {"min", "p50", "p99", "p99.9", "max"}, "frames/s", "note");
  bool limited = false;
  for (const CalibrationEntry& entry : report.calibrations) {
    out += row(entry, report.here().clock);
    limited |= entry.ceiling && entry.ceiling->tester_limited;
  }
  const CalibrationEntry& first = report.calibrations.front();
  out += "\n";
  if (limited)
    out += wrapped("[1] tester-limited: the tester could send no more; no frame was lost", 4);
  if (first.floor)
    out += wrapped(fmt::format(
        "delay measured over {} at {} frames/s, TX timestamp {}, RX timestamp {}; rate searched to "
        "{} % by trials of {}",
        duration_text(first.floor->duration), fps_text(first.floor->load_fps), first.key.tx_stamp,
        first.key.rx_stamp, percent_text(first.ceiling ? first.ceiling->precision : 0),
        duration_text(first.ceiling ? first.ceiling->trial_duration : 0)));
  if (!report.calibration_file.empty())
    out += wrapped(fmt::format("stored in {}; results of the same ports, sizes and cores show it",
                               report.calibration_file));
  return out + "\n";
}

}  // namespace wireproof
