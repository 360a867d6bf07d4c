#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/text_parts.h"
#include "trial/derive.h"

namespace wireproof {

namespace {

constexpr const char* kRow = "{:<13}{:>16}{:>14}{:>12}{:>12}{:>13}";

template <typename... Cells>
std::string row(const Cells&... cells) {
  return trimmed_line(fmt::format(fmt::runtime(kRow), cells...));
}

bool has_receiver(const TrialResult& trial) {
  return std::any_of(trial.directions.begin(), trial.directions.end(),
                     [](const DirectionResult& d) { return has_receiver(d); });
}

// Why it passed, where the trial itself gives no reason.
std::string pass_text(const TrialResult& trial) {
  if (!has_receiver(trial))
    return "the intended load was sent; arrivals were not measured (--rx none)";
  std::uint64_t offered = 0;
  std::uint64_t lost = 0;
  for (const DirectionResult& direction : trial.directions) {
    offered += direction.counts.offered;
    lost += direction.counts.lost;
  }
  if (lost == 0) return fmt::format("none of {} frames was lost", grouped(offered));
  return fmt::format("{} of {} frames lost ({} %), within the {} % allowed", grouped(lost),
                     grouped(offered), percent_text(loss_ratio(trial)),
                     percent_text(trial.spec.goal_loss_ratio));
}

std::string verdict_text(const TrialResult& trial) {
  switch (trial.verdict) {
    case Verdict::kPass:
      return "PASS: " + (trial.reason.empty() ? pass_text(trial) : trial.reason);
    case Verdict::kFail:
      return "FAIL: " + trial.reason;
    case Verdict::kInvalid:
      break;
  }
  return "INVALID: " + trial.reason;
}

std::string load_text(const TrialResult& trial) {
  const TrialSpec& spec = trial.spec;
  std::string rate =
      spec.max_rate
          ? "as fast as the tester can send"
          : fps_text(spec.intended_fps) +
                (trial.directions.size() > 1 ? " frames/s in each direction" : " frames/s");
  if (spec.frames > 0) rate = grouped(spec.frames) + " back to back, " + rate;
  if (spec.step)
    rate += fmt::format(", from {} on {} frames/s", duration_text(spec.step->at),
                        fps_text(spec.step->fps));
  const std::string size =
      spec.mean_frame_size > 0
          ? fmt::format("a mix of frames, mean {:.5g} bytes", spec.mean_frame_size)
          : fmt::format("{}-byte frames", spec.frame_size);
  const char* asked = spec.frames > 0 ? "at most" : "asked";
  std::string text =
      fmt::format("{}, {}, {} {}, {} measured", size, rate, duration_text(spec.duration), asked,
                  duration_text(trial.duration));
  if (has_receiver(trial) && trial.waiting_time > 0)
    text +=
        fmt::format("; waiting time {} after the last frame", duration_text(trial.waiting_time));
  return wrapped(text);
}

std::string rate_row(const char* name, std::uint64_t frames, const TrialResult& trial) {
  const double fps = rate_fps(frames, trial.duration);
  return row(name, grouped(frames), fps_text(fps),
             mbit_text(layer1_bps(fps, exact_frame_size(trial.spec))),
             mbit_text(layer2_bps(fps, exact_frame_size(trial.spec))), "");
}

std::string share_row(const char* name, std::uint64_t frames, std::uint64_t of) {
  const double ratio = of == 0 ? 0 : static_cast<double>(frames) / static_cast<double>(of);
  return row(name, grouped(frames), "", "", "", of == 0 ? "" : percent_text(ratio));
}

// Rows that are nearly always zero are shown when they are not.
std::string rare_rows(const Counts& c) {
  const std::pair<const char*, std::uint64_t> rows[] = {{"late", c.late},
                                                        {"corrupt", c.corrupt},
                                                        {"stale", c.stale},
                                                        {"foreign", c.foreign},
                                                        {"misdirected", c.misdirected},
                                                        {"readdressed", c.readdressed},
                                                        {"unclassified", c.unclassified},
                                                        {"rx dropped", c.rx_dropped}};
  std::string out;
  for (const auto& [name, count] : rows)
    if (count > 0) out += share_row(name, count, c.offered);
  return out;
}

std::string counts_text(const DirectionResult& direction, const TrialResult& trial) {
  const Counts& c = direction.counts;
  std::string out = row("", "frames", "frames/s", "L1 Mbit/s", "L2 Mbit/s", "% of offered");
  out += rate_row("intended", c.intended, trial);
  out += rate_row("offered", c.offered, trial);
  if (c.unsent > 0) out += row("unsent", grouped(c.unsent), "", "", "", "");  // of the intended
  if (!has_receiver(direction)) return out;
  out += rate_row("received", c.received, trial);
  out += share_row("lost", c.lost, c.offered);
  if (direction.sequence_spaces == 0) return out;  // told by another program: totals alone
  out += share_row("duplicate", c.duplicate, c.offered);
  out += share_row("reordered", c.reordered, c.offered);
  return out + rare_rows(c);
}

std::string attribution_text(const DirectionResult& direction) {
  const Attribution& a = direction.attribution;
  const std::pair<const char*, std::uint64_t> places[] = {
      {"unsent (the tester was too slow)", a.tx_shortfall},
      {"tester's sending side, after acceptance", a.tx_ring},
      {"device under test or wire", a.dut},
      {"tester's receive ring or socket", a.rx_ring},
      {"tester's NIC or driver, receiving", a.rx_nic},
      {"late (after the waiting time)", a.late},
      {"readdressed (another address or port)", a.readdressed},
      {"not attributable (tester's own bursts)", direction.pacing.lost_behind},
      {"not attributable (device or tester)", a.not_attributable - direction.pacing.lost_behind}};
  std::string out;
  for (const auto& [place, count] : places)
    if (count > 0) out += fmt::format("  {:<40}{:>16}\n", place, grouped(count));
  return out.empty() ? "" : "where the missing frames went:\n" + out;
}

std::string measured_text(const CriterionResult& result) {
  if (!result.measured) return result.reason.empty() ? "the trial is valid" : result.reason;
  const double value = *result.measured;
  const std::string number = result.criterion.unit == CriterionUnit::kRatio
                                 ? percent_text(value) + " %"
                                 : duration_text(std::llround(value));
  return fmt::format("{}, {} -> {}", number, result.from, result.to);
}

}  // namespace

std::string criteria_text(const RunReport& report) {
  std::string out;
  for (const CriterionResult& result : report.criteria) {
    const std::string size =
        report.trials.size() > 1 ? fmt::format("{} bytes: ", result.frame_size) : "";
    out += wrapped(fmt::format("{}  {}{}: {}", result.failed ? "FAILED " : "ok     ", size,
                               describe(result.criterion), measured_text(result)),
                   9);
  }
  return out.empty() ? out : "criteria of --fail-if\n" + out + "\n";
}

std::string trial_text(const TrialResult& trial, const Hosts& hosts) {
  std::string out = wrapped(verdict_text(trial), 2) + "\n" + load_text(trial);
  for (const DirectionResult& direction : trial.directions) {
    const std::string stream =
        direction.stream == 0 ? "" : fmt::format(", stream {}", direction.stream);
    out +=
        wrapped(fmt::format("\n{} -> {}{}", direction.from, receiver_name(direction), stream), 2);
    out += counts_text(direction, trial);
    out += attribution_text(direction);
    out += timing_text(direction, hosts.front().clock);
    out += baseline_text(direction, hosts.front().clock);
  }
  out += "\n";
  for (const std::string& note : trial.notes) out += wrapped("note     " + note, 9);
  return out;
}

}  // namespace wireproof
