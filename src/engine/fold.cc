#include "engine/fold.h"

#include <fmt/format.h>

#include <algorithm>

#include "trial/derive.h"

namespace wireproof {
namespace {

// Why what is lost and unexplained cannot be laid to the device; empty when it can, or when the
// verdict has its own sentence for it.
std::string unknowable(const SentReport& sent, const std::optional<ReceivedReport>& received) {
  const auto set_back = [](const std::string& port) {
    return fmt::format("the counters of {} were reset during the trial", port);
  };
  if (sent.port.set_back) return set_back(sent.from);
  if (!received) return {};
  if (received->port.set_back) return set_back(received->to);
  if (received->port.rx_blind.empty() && received->late_unseen > 0) {
    return "the receiver was pre-empted when the waiting time ended";
  }
  return received->port.rx_blind;
}

// Splits what was lost. The kernel's counters may include frames of others, so each explains at
// most what is left; what nothing of ours explains, the device under test lost, unless something of
// ours would not have told (`cannot_know`). What the ports dropped may be other streams'
// (`beside`): only what is more than those have lost is certainly of this one.
struct Evidence {
  std::uint64_t late = 0;
  std::uint64_t displaced = 0;  // frames that bursts of ours moved
  std::uint64_t beside = 0;
  bool cannot_know = false;
  std::uint64_t behind_burst = 0;  // at most; then: those it was taken for
  std::uint64_t doubtful = 0;      // found: dropped by a port, nobody knows of which stream
};

Attribution attribute(const Counts& counts, const PortGrowth& tx, const PortGrowth& rx,
                      Evidence& known) {
  Attribution where{.tx_shortfall = counts.unsent};
  std::uint64_t left = counts.lost;
  const auto take = [&left](std::uint64_t bound) {
    const std::uint64_t taken = std::min(left, bound);
    left -= taken;
    return taken;
  };
  where.late = take(known.late);
  where.readdressed = take(counts.readdressed);
  const auto take_dropped = [&](std::optional<std::uint64_t> counter) {
    const std::uint64_t dropped = counter.value_or(0);
    const std::uint64_t others = std::min(dropped, known.beside);
    known.doubtful += others;
    return take(dropped - others);
  };
  where.tx_ring = take_dropped(tx.tx_dropped);
  where.rx_ring = take_dropped(rx.rx_ring_dropped);
  where.rx_nic = take_dropped(rx.rx_nic_dropped);
  // Where a device stands after a burst is not known to the frame, nor which frames of a burst it
  // drops: the few that are left beside many which bursts explain are taken for theirs.
  constexpr std::uint64_t kFewOfMoved = 64;
  constexpr std::uint64_t kFewOfLost = 8;
  constexpr std::uint64_t kFewAtMost = 3;  // in front of its mark a burst has as many
  std::uint64_t& behind = known.behind_burst;
  const std::uint64_t few =
      std::max(known.displaced / kFewOfMoved, std::min(behind / kFewOfLost, kFewAtMost));
  if (behind > 0 && left - std::min(left, behind) <= few) behind = left;
  behind = take(behind);
  known.doubtful = take(known.doubtful);
  where.not_attributable = behind + known.doubtful;
  const bool hidden = !tx.tx_dropped || !rx.rx_ring_dropped;
  (known.cannot_know || hidden ? where.not_attributable : where.dut) += left;
  return where;
}

// The second way of counting the lost: the holes each space's tracker found, and the tail that it
// never heard of. Where it disagrees with the first, or means nothing: why.
std::string disagreement(const SentReport& sent, const ReceivedReport& received,
                         std::uint64_t lost) {
  if (received.stream != sent.stream) {
    return fmt::format("accounting: stream {} was sent, and {} received", sent.stream,
                       received.stream);
  }
  if (received.torn) {
    return fmt::format(
        "queues: the frames of one flow came over several receive queues of {}, "
        "which are not ordered among each other; use --queues 1",
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
  std::optional<Nanoseconds> last_sent_before = received.last_gap_sent_before;
  for (std::size_t space = 0; space < received.spaces.size(); ++space) {
    const std::uint64_t tail = sent.sent_per_space[space] - received.spaces[space].reached;
    if (tail == 0) continue;
    lengths.record(static_cast<Nanoseconds>(tail));
    last_sent_before = sent.tx_end;
    longest = std::max(longest, tail);
  }
  const auto length = [&](double quantile) -> std::optional<std::uint64_t> {
    const auto value = lengths.percentile(quantile);
    if (!value) return std::nullopt;
    return std::min(static_cast<std::uint64_t>(*value), longest);
  };
  return {.bursts = lengths.samples(),
          .longest = longest,
          .p50 = length(0.5),
          .p99 = length(0.99),
          .last_sent_before = last_sent_before};
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

// Each end closes its steps when its own clock says so, and is not always there in time: what left
// in one of the sender's is told in that of the receiver's which its middle lies in. What left
// after the last of those has steps of its own.
std::vector<Interval> intervals(const SentReport& sent,
                                const std::optional<ReceivedReport>& received, bool losses_known) {
  std::vector<Interval> series;
  if (received) {
    for (const ReceivedReport::Step& step : received->steps) {
      series.push_back({.start = step.start,
                        .end = step.end,
                        .received = step.received,
                        .lost = losses_known ? step.lost : 0,
                        .delay = interval_delay(step.delay)});
    }
  }
  const std::size_t heard = series.size();
  std::size_t at = 0;
  for (const SentReport::Step& step : sent.steps) {
    const Nanoseconds middle = step.start + (step.end - step.start) / 2;
    while (at < heard && series[at].end <= middle) ++at;
    if (at < heard) {
      series[at].offered += step.offered;
    } else {
      series.push_back({.start = step.start, .end = step.end, .offered = step.offered});
    }
  }
  return series;
}

// Of what is sent alone: frames that the port dropped and no other stream can have lost.
std::uint64_t certainly_dropped(const SentReport& sent, std::uint64_t beside) {
  const std::uint64_t dropped = sent.port.tx_dropped.value_or(0);
  return std::min(dropped - std::min(dropped, beside), sent.offered);
}

}  // namespace

Folded fold(const SentReport& sent, const std::optional<ReceivedReport>& received,
            const FoldContext& context) {
  Folded folded{.result = {.from = sent.from,
                           .stream = sent.stream,
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
  Evidence known{
      .displaced = sent.displaced, .beside = context.lost_beside, .cannot_know = context.link_went};
  if (received) {
    result.to = received->to;
    result.readdressed_to = received->readdressed_to;
    result.window = received->window;
    result.receive_preemptions = received->preemptions;
    result.arrivals = received->arrivals;
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
      known.behind_burst = std::min(sent.displaced, sent.pacing.caught_up - back);
    known.late = received->counts.late_lost - received->late_unseen;
    known.cannot_know |= received->port.ring_filled || !received->heard_out;
  }
  const std::string why = unknowable(sent, received);
  known.cannot_know |= !why.empty();
  result.attribution =
      attribute(result.counts, sent.port, received ? received->port : PortGrowth{}, known);
  result.pacing.lost_behind = known.behind_burst;
  if (!received) result.attribution.tx_ring = certainly_dropped(sent, context.lost_beside);
  const std::uint64_t untold =
      result.attribution.not_attributable - known.behind_burst - known.doubtful;
  if (!why.empty() && untold > 0 && !context.link_went)
    spoil(fmt::format("not attributable: {} frames were lost, and {}", untold, why));
  if (known.doubtful > 0)
    spoil(
        fmt::format("not attributable: {} frames were lost, and the ports dropped frames of "
                    "several streams",
                    known.doubtful));
  result.intervals = intervals(sent, received, numbers_agree);
  return folded;
}

}  // namespace wireproof
