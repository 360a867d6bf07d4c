#include "engine/direction.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/header_choice.h"

namespace wireproof {
namespace {

Status check_flows(const DirectionSpec& spec, const TrafficProfile& profile) {
  if (profile.flows < spec.queues) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{} queues need at least as many flows, not {}", spec.queues, profile.flows),
        fmt::format("use --flows {} or more", spec.queues));
  }
  if (spec.to != nullptr && spec.queues > 1 && profile.flows > kSequenceSpacesSpread) {
    return fail(ErrorKind::kUsage,
                fmt::format("--flows {} --queues {}: above {} flows some share their sequence "
                            "numbers, and a receiver of several queues does not get them together",
                            profile.flows, spec.queues, kSequenceSpacesSpread),
                fmt::format("use --flows {} or fewer, or --queues 1", kSequenceSpacesSpread));
  }
  return {};
}

Interval interval_of(const CellInterval& cell) {
  return {.start = cell.start,
          .end = cell.end,
          .offered = cell.counted.offered,
          .received = cell.counted.received,
          .lost = cell.counted.lost,
          .delay = cell.delays};
}

}  // namespace

Result<std::unique_ptr<Direction>> Direction::make(const DirectionSpec& spec,
                                                   const TrafficProfile& profile,
                                                   const Clock& clock) {
  const Result<HeaderSpec> headers = choose_headers(spec, profile);
  if (!headers) return tl::unexpected(headers.error());
  if (const Status ok = check_flows(spec, profile); !ok) return tl::unexpected(ok.error());
  const bool spread = spec.to != nullptr && spec.to->facts().rx_spread > 1;
  const std::uint32_t spaces =
      std::min(profile.flows, spread ? kSequenceSpacesSpread : kSequenceSpacesMax);
  auto sender = Sender::make(spec, profile, *headers, spaces, clock);
  if (!sender) return tl::unexpected(sender.error());
  std::unique_ptr<Direction> made(new Direction(spec, std::move(*sender)));
  if (spec.to != nullptr)
    made->receiver_ = std::make_unique<Receiver>(spec, profile, *headers, spaces, clock);
  std::vector<const Cell*> cells;
  std::vector<const Histogram*> delays;
  for (const auto& loop : made->tx_loops()) cells.push_back(&loop->cell());
  for (const auto& loop : made->rx_loops()) {
    cells.push_back(&loop->cell());
    delays.push_back(&loop->analyzer().delays().histogram);
  }
  made->collector_ = Collector(std::move(cells), std::move(delays), spec.interval);
  return made;
}

void Direction::start(const DirectionRun& run) {
  sender_->start(run, receiver_ ? &receiver_->late_after() : nullptr);
  if (receiver_) receiver_->start(run);
  collector_.start(run.epoch);
}

void Direction::stop(Nanoseconds now, bool heard_out) {
  sender_->stop(now);
  if (receiver_) receiver_->stop(heard_out);
}

bool Direction::all_arrived() const {
  const CellSample sum = collector_.total();
  return !receiver_ || sum.received == sum.offered;
}

void Direction::note_ages(Nanoseconds now) {
  if (!receiver_ || !receiver_->asks_for_numbers(now)) return;
  receiver_->note_numbers(now, sender_->numbers_so_far());
}

DirectionResult Direction::so_far() const {
  DirectionResult result;
  result.from = spec_.from->facts().device;
  if (spec_.to != nullptr) result.to = spec_.to->facts().device;
  const CellSample total = collector_.total();
  result.counts.offered = total.offered;
  result.counts.unique = total.received;
  result.counts.lost = total.lost;
  result.intervals.push_back(interval_of(collector_.intervals().back()));
  return result;
}

SentReport Direction::sent() const {
  SentReport report = sender_->report();
  for (const CellInterval& cell : collector_.intervals())
    report.steps.push_back({.start = cell.start, .end = cell.end, .offered = cell.counted.offered});
  return report;
}

std::optional<ReceivedReport> Direction::received() const {
  if (!receiver_) return std::nullopt;
  ReceivedReport report = receiver_->report();
  for (const CellInterval& cell : collector_.intervals()) {
    report.steps.push_back({.start = cell.start,
                            .end = cell.end,
                            .received = cell.counted.received,
                            .lost = cell.counted.lost,
                            .delay = cell.delays});
  }
  return report;
}

}  // namespace wireproof
