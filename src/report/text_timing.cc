// Delay, its variation, order, loss bursts and pacing of one direction, in words. Which definition
// each number follows: docs/metrics.md.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "report/text_parts.h"

namespace wireproof {

namespace {

std::string us(Nanoseconds value, Nanoseconds bound = 1) {
  return microseconds_text(static_cast<double>(value), bound);
}

using Named = std::pair<const char*, std::optional<Nanoseconds>>;

void add_percentiles(std::vector<std::string>& parts, std::initializer_list<Named> percentiles,
                     Nanoseconds bound = 1) {
  for (const auto& [name, value] : percentiles) {
    if (value) parts.push_back(fmt::format("{} {}", name, us(*value, bound)));
  }
}

std::string distribution_text(const Distribution& of, Nanoseconds bound) {
  std::vector<std::string> parts = {"min " + us(of.min, bound),
                                    "mean " + microseconds_text(of.mean, bound),
                                    "stdev " + microseconds_text(of.stdev, bound)};
  add_percentiles(parts,
                  {{"p50", of.p50},
                   {"p90", of.p90},
                   {"p99", of.p99},
                   {"p99.9", of.p99_9},
                   {"p99.99", of.p99_99},
                   {"p99.999", of.p99_999}},
                  bound);
  parts.push_back("max " + us(of.max, bound));
  return fmt::format("{}", fmt::join(parts, ", "));
}

// A frame leaves after its timestamp and before it arrives: the error of a delay is at most the
// delay. Two cores read the clock: what they may differ by is the error of an absolute delay, not
// that of a difference of delays.
std::string delay_text(const DelaySummary& delay, Nanoseconds bound) {
  if (delay.actual.samples == 0) {
    return wrapped(fmt::format("delay: all {} are negative, which is impossible with one clock",
                               grouped(delay.negative)),
                   2);
  }
  std::string text = fmt::format(
      "{} delay, us: {} ({} samples; TX timestamp per {}, error at most {} us; RX "
      "timestamp: {})",
      delay.metric == "round_trip" ? "round-trip" : "one-way",
      distribution_text(delay.actual, bound), grouped(delay.actual.samples), delay.tx_stamp,
      us(std::min(delay.tx_span_max, delay.actual.max)), delay.rx_stamp);
  if (delay.negative > 0) text += fmt::format("; {} negative", grouped(delay.negative));
  if (delay.unstamped.value_or(0) > 0) {
    text += fmt::format("; {} came without that timestamp and have the poll time",
                        grouped(*delay.unstamped));
  }
  text = wrapped(text, 2);
  if (!delay.scheduled) return text;
  std::vector<std::string> parts;
  const Distribution& due = *delay.scheduled;
  add_percentiles(parts, {{"p50", due.p50}, {"p99", due.p99}, {"p99.9", due.p99_9}}, bound);
  parts.push_back("max " + us(due.max, bound));
  return text +
         wrapped(fmt::format("delay from the scheduled time, us: {}", fmt::join(parts, ", ")), 2);
}

std::string jitter_text(const JitterSummary& jitter) {
  std::vector<std::string> parts;
  if (jitter.rfc3550_spaces == 1) {
    parts.push_back("RFC 3550 jitter " + microseconds_text(jitter.rfc3550_mean));
  } else if (jitter.rfc3550_spaces > 1) {
    parts.push_back(fmt::format("RFC 3550 jitter mean {}, max {} over {} sequence spaces",
                                microseconds_text(jitter.rfc3550_mean),
                                microseconds_text(jitter.rfc3550_max), jitter.rfc3550_spaces));
  }
  if (jitter.ipdv_pairs > 0) {
    parts.push_back("IPDV mean absolute " + microseconds_text(jitter.ipdv_mean_abs));
    add_percentiles(parts, {{"p0.1", jitter.ipdv_p0_1}, {"p99.9", jitter.ipdv_p99_9}});
  }
  if (jitter.pdv_p50) parts.push_back("PDV p50 " + us(*jitter.pdv_p50));
  add_percentiles(parts, {{"p99", jitter.pdv_p99}, {"p99.9", jitter.pdv_p99_9}});
  parts.push_back((jitter.pdv_p50 ? "max " : "PDV max ") + us(jitter.pdv_max));
  return wrapped(fmt::format("delay variation, us: {}", fmt::join(parts, ", ")), 2);
}

std::string reordering_text(const ReorderingSummary& order, const Counts& counts) {
  if (counts.reordered == 0) return {};
  std::string text =
      fmt::format("reordering: extent mean {:.3g}, max {} frames; late time max {} us",
                  order.extent_mean, grouped(order.extent_max), us(order.late_time_max));
  constexpr std::size_t kThree = 3;  // as many duplicate acknowledgements make TCP send again
  if (order.n_reordered.size() >= kThree) {
    text += fmt::format("; {} of {} are 3-reordered", grouped(order.n_reordered[kThree - 1]),
                        grouped(counts.reordered));
  }
  return wrapped(text, 2);
}

std::string loss_bursts_text(const LossBurstSummary& bursts, const Counts& counts) {
  if (bursts.bursts == 0) return {};
  const double mean = static_cast<double>(counts.lost) / static_cast<double>(bursts.bursts);
  std::string text =
      fmt::format("{} loss event{}, mean length {}, longest {} frame{}", grouped(bursts.bursts),
                  bursts.bursts == 1 ? "" : "s",
                  mean < 1000 ? fmt::format("{:.4g}", mean) : grouped(std::llround(mean)),
                  grouped(bursts.longest), bursts.longest == 1 ? "" : "s");
  if (bursts.last_sent_before)
    text +=
        fmt::format("; the last lost was sent before {}", duration_text(*bursts.last_sent_before));
  return wrapped(text, 2);
}

std::string preemptions_text(const char* whose, const PreemptionSummary& preemptions) {
  if (preemptions.count == 0) return {};
  return wrapped(fmt::format("{} thread pre-empted {}, {} total, longest {}", whose,
                             times_text(preemptions.count), duration_text(preemptions.total),
                             duration_text(preemptions.max)),
                 2);
}

std::string pacing_text(const PacingSummary& pacing) {
  std::string text;
  if (pacing.gap && !pacing.schedule.empty()) {
    std::vector<std::string> parts = {"mean " + microseconds_text(pacing.gap->mean),
                                      "stdev " + microseconds_text(pacing.gap->stdev)};
    add_percentiles(parts, {{"p50", pacing.gap->p50}, {"p99", pacing.gap->p99}});
    text += fmt::format("inter-frame gap, us: target {}, {} ({} schedule, {} pacing)",
                        microseconds_text(pacing.gap_target), fmt::join(parts, ", "),
                        pacing.schedule, pacing.mode);
    if (pacing.lateness) {
      text += "; transmit lateness, us: ";
      if (pacing.lateness->p99) text += fmt::format("p99 {}, ", us(*pacing.lateness->p99));
      text += "max " + us(pacing.lateness->max);
    }
    text = wrapped(text, 2);
  }
  if (pacing.stalls > 0) {
    text += wrapped(fmt::format("transmit stalls: {} longer than --burst can catch up; maximum "
                                "lateness {}, skipped frames included",
                                grouped(pacing.stalls), duration_text(pacing.lateness_max)),
                    2);
  }
  if (pacing.caught_up > 0) {
    text += wrapped(
        fmt::format(
            "catch-up: {} frames left in or right behind bursts of more than {}, {} at once "
            "at most; {} of them were lost",
            grouped(pacing.caught_up), pacing.burst_room, pacing.burst_max,
            grouped(pacing.lost_behind)),
        2);
  }
  return text + preemptions_text("TX", pacing.preemptions);
}

}  // namespace

std::string timing_text(const DirectionResult& direction, const ClockState& clock) {
  std::string out;
  if (direction.delay) out += delay_text(*direction.delay, clock.bound_ns.value_or(1));
  if (direction.jitter) out += jitter_text(*direction.jitter);
  if (direction.reordering) out += reordering_text(*direction.reordering, direction.counts);
  if (direction.loss_bursts) out += loss_bursts_text(*direction.loss_bursts, direction.counts);
  return out + pacing_text(direction.pacing) +
         preemptions_text("RX", direction.receive_preemptions);
}

}  // namespace wireproof
