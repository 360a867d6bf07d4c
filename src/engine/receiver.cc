#include "engine/receiver.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/header_choice.h"
#include "engine/summaries.h"

namespace wireproof {
namespace {

PayloadMark mark_of(std::uint16_t trial_id) {
  PayloadMark mark;
  store_be16(mark.data(), kSignatureMagic);
  store_be16(mark.data() + 2, trial_id);
  return mark;
}

}  // namespace

Receiver::Receiver(const ReceiverSpec& spec, const Stream& stream, const Clock& clock)
    : spec_(spec),
      stream_(stream.number),
      flows_(stream.profile.flows),
      spaces_(stream.spaces),
      ages_(stream.spaces) {
  const bool sockets = spec.port->facts().layer == Layer::kUdpPayload;
  AddressMatch match = match_for(stream.profile, stream.headers, sockets);
  match.reflected = stream.reflected;
  const AnalyzerSpec analyzer{.match = match,
                              .reverse = stream.reverse,
                              .stream = stream.number,
                              .spaces = stream.spaces,
                              .delay_every = spec.delay_every,
                              .log_frames = spec.log_frames};
  for (unsigned queue = 0; queue < spec.queues; ++queue) {
    if (spec.beside == nullptr) {
      loops_.push_back(
          std::make_unique<RxLoop>(spec.port->rx_queue(queue), analyzer, late_after_, clock));
      lanes_.push_back(&loops_.back()->lane());
    } else {
      own_lanes_.push_back(std::make_unique<RxLane>(analyzer, late_after_));
      spec.beside->loops_[queue]->add(*own_lanes_.back());
      lanes_.push_back(own_lanes_.back().get());
    }
  }
  std::vector<const Cell*> cells;
  std::vector<const Histogram*> delays;
  for (const auto& lane : lanes_) {
    cells.push_back(&lane->cell());
    delays.push_back(&lane->analyzer().delays().histogram);
  }
  series_ = Collector(std::move(cells), std::move(delays), spec.interval);
}

void Receiver::start(const StreamRun& run) {
  scheduled_ = run.fps > 0;
  aging_ = run.duration + spec_.waiting_time > kDelayMax;
  late_after_.start(spec_.waiting_time);
  ages_.start();
  reference_ = least_delay();
  const AnalyzerStart receiving{.trial_id = run.trial_id,
                                .epoch = run.epoch,
                                .scheduled = scheduled_,
                                .reference = reference_,
                                .too_old_below = aging_ ? ages_.too_old_below() : nullptr};
  for (const auto& lane : own_lanes_) lane->start(receiving);
  for (const auto& loop : loops_) loop->start(receiving);
  spec_.port->also_take(mark_of(run.trial_id));
  series_.start(run.epoch);
}

Nanoseconds Receiver::longest_delay() const {
  Nanoseconds longest = 0;
  for (const auto& lane : lanes_) {
    longest = std::max(longest, lane->cell().longest_delay.load(std::memory_order_relaxed));
  }
  return longest;
}

std::string Receiver::order_note() const {
  if (flows_ == spaces_ || spec_.port->facts().rx_spread <= 1) return {};
  return fmt::format(
      "flows share sequence spaces, and the {} receive queues of {} are not ordered "
      "among each other: reordered is an upper bound",
      spec_.port->facts().rx_spread, spec_.port->facts().device);
}

std::string Receiver::readdressed_to() const {
  for (const auto& lane : lanes_) {
    const std::optional<AddressedFrame>& found = lane->analyzer().readdressed();
    if (!found) continue;
    const std::string ip = format_ip(found->ip);
    return fmt::format("{}:{}", found->ip.v6 ? fmt::format("[{}]", ip) : ip, found->l4_port);
  }
  return {};
}

// Of the last run; 0 where there was none.
Nanoseconds Receiver::least_delay() const {
  std::optional<Nanoseconds> least;
  for (const auto& lane : lanes_) {
    const SampleRecord& delays = lane->analyzer().delays();
    if (delays.samples > 0) least = std::min(least.value_or(delays.min), delays.min);
  }
  return least.value_or(0);
}

ReceivedReport Receiver::report() const {
  ReceivedReport report{.to = spec_.port->facts().device,
                        .stream = stream_,
                        .heard_out = heard_out_,
                        .gaps = gaps_seen(lanes_),
                        .window = lanes_.front()->analyzer().tracker().window(),
                        .readdressed_to = readdressed_to(),
                        .delay = delay_summary(lanes_, scheduled_),
                        .reordering = reordering_summary(lanes_),
                        .order_note = order_note()};
  for (const auto& lane : lanes_) {
    report.counts.merge(lane->analyzer().counts());
    report.late_unseen += lane->late_unseen();
    const auto& came = lane->analyzer().arrivals();
    if (!came) continue;
    if (!report.arrivals) report.arrivals = {.first = came->first, .last = came->last};
    report.arrivals->first = std::min(report.arrivals->first, came->first);
    report.arrivals->last = std::max(report.arrivals->last, came->last);
  }
  if (report.delay) {
    report.delay->rx_stamp = spec_.port->facts().rx_stamp;
    if (report.delay->rx_stamp != "poll") report.delay->unstamped = report.counts.unstamped;
    report.jitter = jitter_summary(lanes_, reference_, report.delay->actual);
  }
  see_spaces(report);
  for (const CellInterval& cell : series_.intervals()) {
    report.steps.push_back({.start = cell.start,
                            .end = cell.end,
                            .received = cell.counted.received,
                            .lost = cell.counted.lost,
                            .delay = cell.delays});
  }
  return report;
}

// How far each space came, by the queue that saw it.
void Receiver::see_spaces(ReceivedReport& report) const {
  report.spaces.resize(spaces_);
  for (std::uint32_t space = 0; space < spaces_; ++space) {
    ReceivedReport::Space& seen = report.spaces[space];
    for (const auto& lane : lanes_) {
      const SequenceTracker& tracker = lane->analyzer().tracker();
      const std::uint64_t reached = tracker.next_expected(space);
      if (reached == 0) continue;
      report.torn |= seen.reached > 0;
      seen = {.reached = reached, .gaps = tracker.gaps(space)};
      const std::optional<Nanoseconds> behind = tracker.behind_last_gap(space);
      report.last_gap_sent_before = std::max(report.last_gap_sent_before, behind);
    }
  }
}

}  // namespace wireproof
