#include "engine/fold.h"

#include <fmt/format.h>

#include <algorithm>

namespace wireproof {
namespace {

// Why what is lost and unexplained cannot be laid to the device; empty when it can, or when the
// verdict has its own sentence for it.
std::string unknowable(const SentReport& sent, const std::optional<ReceivedReport>& received) {
  const auto set_back = [](const std::string& port) {
    return fmt::format("the counters of {} were set back meanwhile", port);
  };
  if (sent.port.set_back) return set_back(sent.from);
  if (!received) return {};
  if (received->port.set_back) return set_back(received->to);
  if (received->port.rx_blind.empty() && received->late_unseen > 0) {
    return "the receiver was kept from its core when the waiting time ended";
  }
  return received->port.rx_blind;
}

// Splits what was lost. The kernel's counters may include frames of others, so each explains at
// most what is left; what nothing of ours explains, the device under test lost, unless something of
// ours would not have told (`cannot_know`).
Attribution attribute(const Counts& counts, std::uint64_t late, const PortGrowth& tx,
                      const PortGrowth& rx, bool cannot_know, std::uint64_t displaced,
                      std::uint64_t& behind_burst) {
  Attribution where{.tx_shortfall = counts.unsent};
  std::uint64_t left = counts.lost;
  const auto take = [&left](std::uint64_t bound) {
    const std::uint64_t taken = std::min(left, bound);
    left -= taken;
    return taken;
  };
  where.late = take(late);
  where.readdressed = take(counts.readdressed);
  where.tx_ring = take(tx.tx_dropped.value_or(0));
  where.rx_ring = take(rx.rx_ring_dropped.value_or(0));
  where.rx_nic = take(rx.rx_nic_dropped.value_or(0));
  // Where a device stands after a burst is not known to the frame: the few that are left beside
  // many which bursts explain are taken for theirs.
  constexpr std::uint64_t kFewOf = 64;
  if (behind_burst > 0 && left - std::min(left, behind_burst) <= displaced / kFewOf)
    behind_burst = left;
  behind_burst = take(behind_burst);
  where.not_attributable = behind_burst;
  const bool hidden = !tx.tx_dropped || !rx.rx_ring_dropped;
  (cannot_know || hidden ? where.not_attributable : where.dut) += left;
  return where;
}

// The second way of counting the lost: the holes each space's tracker found, and the tail that it
// never heard of. Where it disagrees with the first, or means nothing: why.
std::string disagreement(const SentReport& sent, const ReceivedReport& received,
                         std::uint64_t lost) {
  if (received.torn) {
    return fmt::format(
        "queues: the frames of one flow came over several receive queues of {}, "
        "which keep no order among each other; use --queues 1",
        received.to);
  }
  if (received.spaces.size() != sent.sent_per_space.size()) {
    return fmt::format("accounting: {} sequence spaces were sent, and {} received",
                       sent.sent_per_space.size(), received.spaces.size());
  }
  std::uint64_t by_numbers = 0;
  for (std::size_t space = 0; space < received.spaces.size(); ++space) {
    const auto& [reached, gaps] = received.spaces[space];
    const std::uint64_t numbers = sent.sent_per_space[space];
    if (reached > numbers) return "accounting: a number arrived that was never sent";
    by_numbers += gaps + numbers - reached;
  }
  if (by_numbers == lost) return {};
  return fmt::format("accounting: {} lost by numbers, {} by difference", by_numbers, lost);
}

// The gaps that the receiver saw, and the end of each space that never reached it, or all of the
// space.
LossBurstSummary loss_bursts(const SentReport& sent, const ReceivedReport& received) {
  Histogram lengths;
  lengths.merge(received.gaps.lengths);
  std::uint64_t longest = received.gaps.longest;
  for (std::size_t space = 0; space < received.spaces.size(); ++space) {
    const std::uint64_t tail = sent.sent_per_space[space] - received.spaces[space].reached;
    if (tail == 0) continue;
    lengths.record(static_cast<Nanoseconds>(tail));
    longest = std::max(longest, tail);
  }
  const auto length = [&](double quantile) -> std::optional<std::uint64_t> {
    const auto value = lengths.percentile(quantile);
    if (!value) return std::nullopt;
    return std::min(static_cast<std::uint64_t>(*value), longest);
  };
  return {.bursts = lengths.samples(), .longest = longest, .p50 = length(0.5), .p99 = length(0.99)};
}

void count(const SentReport& sent, const ReceivedReport& received, Counts& counts) {
  const ReceiveCounts& in = received.counts;
  counts.unique = in.unique;
  counts.duplicate = in.duplicate;
  counts.received = in.unique + in.duplicate;
  counts.reordered = in.reordered;
  counts.late = in.late;
  counts.stale = in.stale;
  counts.corrupt = in.corrupt;
  counts.foreign = in.foreign;
  counts.misdirected = in.misdirected;
  counts.readdressed = in.readdressed;
  counts.unclassified = in.unclassified;
  counts.rx_dropped = received.port.rx_ring_dropped.value_or(0);
  counts.lost = sent.offered - std::min(sent.offered, in.unique);
}

// What is told of the numbers and of their delays.
void describe(const SentReport& sent, const ReceivedReport& received, bool one_port,
              bool numbers_agree, DirectionResult& result) {
  result.delay = received.delay;
  if (result.delay) {
    result.delay->metric = one_port ? "round_trip" : "one_way";
    result.delay->tx_stamp = sent.tx_stamp;
    result.delay->tx_span_max = sent.tx_span_max;
  }
  // Of spaces that were torn, or that others wrote into, nothing is known.
  if (!numbers_agree) return;
  result.jitter = received.jitter;
  result.reordering = received.reordering;
  result.loss_bursts = loss_bursts(sent, received);
}

// Both ends count their steps from the same start, so that those of the same place belong together;
// an end that stopped before the other has none for what is left.
std::vector<Interval> intervals(const SentReport& sent,
                                const std::optional<ReceivedReport>& received, bool losses_known) {
  std::vector<Interval> series;
  const std::size_t heard = received ? received->steps.size() : 0;
  for (std::size_t i = 0; i < std::max(sent.steps.size(), heard); ++i) {
    Interval& interval = series.emplace_back();
    if (i < sent.steps.size()) {
      const SentReport::Step& step = sent.steps[i];
      interval = {.start = step.start, .end = step.end, .offered = step.offered};
    }
    if (i >= heard) continue;
    const ReceivedReport::Step& step = received->steps[i];
    interval.start = step.start;
    interval.end = step.end;
    interval.received = step.received;
    interval.lost = losses_known ? step.lost : 0;
    interval.delay = step.delay;
  }
  return series;
}

}  // namespace

Folded fold(const SentReport& sent, const std::optional<ReceivedReport>& received,
            const FoldContext& context) {
  Folded folded{.result = {.from = sent.from,
                           .headers = sent.headers,
                           .sequence_scope = sent.sequence_scope,
                           .sequence_spaces = sent.sent_per_space.size(),
                           .flows_sent = sent.flows_sent,
                           .tx_duration = sent.tx_duration,
                           .pacing = sent.pacing}};
  DirectionResult& result = folded.result;
  result.counts.intended = sent.intended;
  result.counts.offered = sent.offered;
  result.counts.unsent = sent.intended - sent.offered;
  const auto spoil = [&folded](const std::string& why) {
    if (folded.spoiled.empty()) folded.spoiled = why;
  };
  bool numbers_agree = true;
  std::uint64_t late = 0;
  bool hidden = context.link_went;
  if (received) {
    result.to = received->to;
    result.readdressed_to = received->readdressed_to;
    result.window = received->window;
    result.receive_pauses = received->pauses;
    folded.note = received->order_note;
    count(sent, *received, result.counts);
    const std::string disagrees = disagreement(sent, *received, result.counts.lost);
    numbers_agree = disagrees.empty();
    spoil(disagrees);
    describe(sent, *received, context.one_port, numbers_agree, result);
    const std::uint64_t back = received->counts.unique_catch_up;
    if (back > sent.pacing.caught_up)
      spoil("accounting: more frames came back from behind bursts than were sent there");
    else
      result.pacing.lost_behind = std::min(sent.displaced, sent.pacing.caught_up - back);
    late = received->counts.late_lost - received->late_unseen;
    hidden = hidden || received->port.ring_filled || !received->heard_out;
  }
  const std::string why = unknowable(sent, received);
  result.attribution =
      attribute(result.counts, late, sent.port, received ? received->port : PortGrowth{},
                hidden || !why.empty(), sent.displaced, result.pacing.lost_behind);
  if (!received)
    result.attribution.tx_ring = std::min(sent.port.tx_dropped.value_or(0), sent.offered);
  const std::uint64_t untold = result.attribution.not_attributable - result.pacing.lost_behind;
  if (!why.empty() && untold > 0 && !context.link_went)
    spoil(fmt::format("not attributable: {} frames were lost, and {}", untold, why));
  result.intervals = intervals(sent, received, numbers_agree);
  return folded;
}

}  // namespace wireproof
