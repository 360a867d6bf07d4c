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

Receiver::Receiver(const DirectionSpec& spec, const TrafficProfile& profile,
                   const HeaderSpec& headers, std::uint32_t spaces, const Clock& clock)
    : spec_(spec), flows_(profile.flows), spaces_(spaces), ages_(spaces) {
  const bool sockets = spec.to->facts().layer == Layer::kUdpPayload;
  const AnalyzerSpec analyzer{.match = match_for(profile, headers, sockets),
                              .reverse = spec.reverse,
                              .spaces = spaces,
                              .delay_every = spec.delay_every,
                              .log_frames = spec.log_frames};
  for (unsigned queue = 0; queue < spec.queues; ++queue) {
    loops_.push_back(
        std::make_unique<RxLoop>(spec.to->rx_queue(queue), analyzer, late_after_, clock));
  }
}

void Receiver::start(const DirectionRun& run) {
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
  for (const auto& loop : loops_) loop->start(receiving);
  spec_.to->also_take(mark_of(run.trial_id));
}

Nanoseconds Receiver::longest_delay() const {
  Nanoseconds longest = 0;
  for (const auto& loop : loops_) {
    longest = std::max(longest, loop->cell().longest_delay.load(std::memory_order_relaxed));
  }
  return longest;
}

std::string Receiver::order_note() const {
  if (flows_ == spaces_ || spec_.to->facts().rx_spread <= 1) return {};
  return fmt::format(
      "flows share sequence spaces, and the {} receive queues of {} keep no order "
      "among each other: what is reordered is an upper bound",
      spec_.to->facts().rx_spread, spec_.to->facts().device);
}

std::string Receiver::readdressed_to() const {
  for (const auto& loop : loops_) {
    const std::optional<AddressedFrame>& found = loop->analyzer().readdressed();
    if (!found) continue;
    const std::string ip = format_ip(found->ip);
    return fmt::format("{}:{}", found->ip.v6 ? fmt::format("[{}]", ip) : ip, found->l4_port);
  }
  return {};
}

// Of the last run; 0 where there was none.
Nanoseconds Receiver::least_delay() const {
  std::optional<Nanoseconds> least;
  for (const auto& loop : loops_) {
    const SampleRecord& delays = loop->analyzer().delays();
    if (delays.samples > 0) least = std::min(least.value_or(delays.min), delays.min);
  }
  return least.value_or(0);
}

ReceivedReport Receiver::report() const {
  ReceivedReport report{.to = spec_.to->facts().device,
                        .heard_out = heard_out_,
                        .gaps = gaps_seen(loops_),
                        .window = loops_.front()->analyzer().tracker().window(),
                        .readdressed_to = readdressed_to(),
                        .delay = delay_summary(loops_, scheduled_),
                        .reordering = reordering_summary(loops_),
                        .order_note = order_note()};
  for (const auto& loop : loops_) {
    report.counts.merge(loop->analyzer().counts());
    report.late_unseen += loop->late_unseen();
  }
  if (report.delay) {
    report.delay->rx_stamp = spec_.to->facts().rx_stamp;
    if (report.delay->rx_stamp != "poll") report.delay->unstamped = report.counts.unstamped;
    report.jitter = jitter_summary(loops_, reference_, report.delay->actual);
  }
  see_spaces(report);
  return report;
}

// How far each space came, by the queue that saw it.
void Receiver::see_spaces(ReceivedReport& report) const {
  report.spaces.resize(spaces_);
  for (std::uint32_t space = 0; space < spaces_; ++space) {
    ReceivedReport::Space& seen = report.spaces[space];
    for (const auto& loop : loops_) {
      const SequenceTracker& tracker = loop->analyzer().tracker();
      const std::uint64_t reached = tracker.next_expected(space);
      if (reached == 0) continue;
      report.torn |= seen.reached > 0;
      seen = {.reached = reached, .gaps = tracker.gaps(space)};
    }
  }
}

}  // namespace wireproof
