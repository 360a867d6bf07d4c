#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "report/text.h"
#include "trial/derive.h"

namespace wireproof {

std::string live_text(const DirectionResult& so_far) {
  const Interval& last = so_far.intervals.back();
  const Counts& counts = so_far.counts;
  const auto rate = [&last](std::uint64_t frames) {
    return format_rate(rate_fps(frames, last.end - last.start));
  };
  std::string text = fmt::format("{} -> {}  {:5.1f} s  sent {}", so_far.from, receiver_name(so_far),
                                 static_cast<double>(last.end) * 1e-9, rate(last.offered));
  if (!has_receiver(so_far)) return text;
  // What is on its way is not lost, and what is lost is known only when its number has left the
  // window: the two are bounds.
  const std::uint64_t missing = counts.offered - std::min(counts.offered, counts.unique);
  text += fmt::format("  received {}  lost {} to {}", rate(last.received),
                      format_count(std::min(counts.lost, missing)), format_count(missing));
  // As in the series of the result: of the frames that arrived in this interval.
  const auto add_delay = [&](const char* name, std::optional<Nanoseconds> value) {
    if (value) text += fmt::format("  {} {:.1f} us", name, static_cast<double>(*value) * 1e-3);
  };
  add_delay("delay p50", last.delay.p50);
  add_delay("p99", last.delay.p99);
  return text;
}

}  // namespace wireproof
