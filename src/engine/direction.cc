#include "engine/direction.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/header_choice.h"
#include "engine/summaries.h"

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

PayloadMark mark_of(std::uint16_t trial_id) {
  PayloadMark mark;
  store_be16(mark.data(), kSignatureMagic);
  store_be16(mark.data() + 2, trial_id);
  return mark;
}

// Frames at once that any device is taken to have room for, beyond those that the schedule wants
// together. Three, the next that is on time, and what the path's own jitter adds pass the smallest
// policers that are met (nftables' `limit` has room for five by default; with four of ours it lost
// some); at high rates what is due in 20 us, since no sender in software looks at its clock for
// every frame there.
std::uint32_t room_by_rate(double fps) {
  constexpr double kLeastRoom = 3;
  constexpr double kRoomSeconds = 20e-6;
  return static_cast<std::uint32_t>(
      std::clamp(fps * kRoomSeconds, kLeastRoom, double{Pacer::kBurstMax}));
}

// Handed over at once with --rate max, where nothing is ever behind.
constexpr std::uint32_t kBurstWithoutSchedule = 64;

// So that the queues of a Poisson schedule, and the two directions, draw numbers of their own.
constexpr std::uint64_t kScheduleSeed = 1;
constexpr std::uint64_t kReverseSeeds = 1u << 16;

}  // namespace

Result<Steering> steering_for(const TrafficProfile& profile) {
  Steering steering{.l4_port = profile.dst_l4_port};
  for (const bool reverse : {false, true}) {
    const Result<HeaderSpec> headers = header_spec(profile, reverse);
    if (!headers) return tl::unexpected(headers.error());
    const unsigned length = destination_prefix_length(profile, headers->dst_ip);
    steering.destinations.push_back({headers->dst_ip, static_cast<std::uint8_t>(length)});
  }
  return steering;
}

Result<std::unique_ptr<Direction>> Direction::make(const DirectionSpec& spec,
                                                   const TrafficProfile& profile,
                                                   const Clock& clock) {
  const Result<HeaderSpec> headers = choose_headers(spec, profile);
  if (!headers) return tl::unexpected(headers.error());
  if (const Status ok = check_flows(spec, profile); !ok) return tl::unexpected(ok.error());
  const bool spread = spec.to != nullptr && spec.to->facts().rx_spread > 1;
  const std::uint32_t spaces_max = spread ? kSequenceSpacesSpread : kSequenceSpacesMax;
  std::unique_ptr<Direction> made(
      new Direction(spec, profile.flows, std::min(profile.flows, spaces_max)));
  made->headers_ = sent_headers(*headers, spec, profile);
  if (const Status ok = made->make_tx_loops(profile, *headers, clock); !ok) {
    return tl::unexpected(ok.error());
  }
  if (spec.to != nullptr) made->make_rx_loops(profile, *headers, clock);
  std::vector<const Cell*> cells;
  for (const auto& loop : made->tx_) cells.push_back(&loop->cell());
  for (const auto& loop : made->rx_) cells.push_back(&loop->cell());
  std::vector<const Histogram*> delays;
  for (const auto& loop : made->rx_) delays.push_back(&loop->analyzer().delays().histogram);
  made->collector_ = Collector(std::move(cells), std::move(delays), spec.interval);
  return made;
}

Status Direction::make_tx_loops(const TrafficProfile& profile, const HeaderSpec& headers,
                                const Clock& clock) {
  const bool sockets = spec_.from->facts().layer == Layer::kUdpPayload;
  std::vector<std::uint32_t> distinct;
  std::vector<std::uint16_t> order;
  for (const std::uint32_t size : profile.sizes) {
    const auto at = std::find(distinct.begin(), distinct.end(), size);
    order.push_back(static_cast<std::uint16_t>(at - distinct.begin()));
    if (at == distinct.end()) distinct.push_back(size);
  }
  for (unsigned queue = 0; queue < spec_.queues; ++queue) {
    std::vector<FrameTemplate> templates;
    for (const std::uint32_t size : distinct) {
      Result<FrameTemplate> made = FrameTemplate::make(headers, size, sockets);
      if (!made) return tl::unexpected(made.error());
      templates.push_back(std::move(*made));
    }
    const FlowOrderSpec flows{.flows = flows_,
                              .groups = spaces_,
                              .group_first = first_space(queue),
                              .group_count = first_space(queue + 1) - first_space(queue),
                              .permuted = profile.permuted_order};
    tx_.push_back(std::make_unique<TxLoop>(
        spec_.from->tx_queue(queue), Generator(flows, std::move(templates), order, spec_.reverse),
        clock, spec_.tx_stamp, spec_.pacing));
  }
  return {};
}

void Direction::make_rx_loops(const TrafficProfile& profile, const HeaderSpec& headers,
                              const Clock& clock) {
  const bool sockets = spec_.to->facts().layer == Layer::kUdpPayload;
  const AnalyzerSpec analyzer{.match = match_for(profile, headers, sockets),
                              .reverse = spec_.reverse,
                              .spaces = spaces_,
                              .delay_every = spec_.delay_every,
                              .log_frames = spec_.log_frames};
  for (unsigned queue = 0; queue < spec_.queues; ++queue) {
    rx_.push_back(std::make_unique<RxLoop>(spec_.to->rx_queue(queue), analyzer, call_, clock));
  }
}

void Direction::start(double fps, Nanoseconds duration, std::uint32_t burst, std::uint16_t trial_id,
                      Nanoseconds epoch) {
  scheduled_ = fps > 0;
  aging_ = duration + spec_.waiting_time > kDelayMax;
  call_.start(static_cast<std::uint32_t>(tx_.size()), spec_.waiting_time, epoch);
  ages_.start();
  const auto queues = static_cast<std::uint32_t>(tx_.size());
  const std::uint32_t room = std::max(spec_.burst_room.value_or(room_by_rate(fps)) / queues, 1u);
  const double spare = spec_.unsent_ratio * fps * static_cast<double>(duration) * 1e-9 / queues;
  for (std::size_t i = 0; i < tx_.size(); ++i) {
    tx_[i]->start({.start = epoch,
                   .duration = duration,
                   .fps = fps,
                   .burst = fps == 0 ? std::min(burst, kBurstWithoutSchedule) : burst,
                   .room = room + spec_.burst_size - 1,
                   .spare = static_cast<std::uint64_t>(spare),
                   .schedule = spec_.schedule,
                   .burst_size = spec_.burst_size,
                   .seed = kScheduleSeed + i + (spec_.reverse ? kReverseSeeds : 0),
                   .queue = static_cast<std::uint32_t>(i),
                   .queues = static_cast<std::uint32_t>(tx_.size())},
                  trial_id, epoch, call_);
  }
  reference_ = least_delay();
  const AnalyzerStart receiving{.trial_id = trial_id,
                                .epoch = epoch,
                                .scheduled = scheduled_,
                                .reference = reference_,
                                .too_old_below = aging_ ? ages_.too_old_below() : nullptr};
  for (const auto& loop : rx_) loop->start(receiving);
  if (spec_.to != nullptr) spec_.to->also_take(mark_of(trial_id));
  collector_.start(epoch);
}

void Direction::stop(Nanoseconds now, bool heard_out) {
  heard_out_ = heard_out;
  for (const auto& loop : tx_) loop->stop(std::min(now, call_.cut_at()));
}

bool Direction::all_sent() const {
  return std::all_of(tx_.begin(), tx_.end(), [](const auto& loop) {
    return loop->cell().finished.load(std::memory_order_acquire);
  });
}

bool Direction::all_arrived() const {
  const CellSample sum = collector_.total();
  return rx_.empty() || sum.received == sum.offered;
}

Nanoseconds Direction::longest_delay() const {
  Nanoseconds longest = 0;
  for (const auto& loop : rx_) {
    longest = std::max(longest, loop->cell().longest_delay.load(std::memory_order_relaxed));
  }
  return longest;
}

void Direction::note_ages(Nanoseconds now) {
  if (!aging_ || !ages_.note_is_due(now)) return;
  std::vector<std::uint64_t> sent;
  for (std::size_t i = 0; i < tx_.size(); ++i) {
    // Each cycle sends one number of each space of the queue.
    const std::uint64_t frames = tx_[i]->cell().offered.load(std::memory_order_relaxed);
    const std::uint32_t spaces = first_space(i + 1) - first_space(i);
    sent.insert(sent.end(), spaces, frames / spaces);
  }
  ages_.note(now, sent);
}

// From the first frame handed over to the last, of the queues that sent any.
Nanoseconds Direction::tx_duration() const {
  std::optional<Nanoseconds> first;
  Nanoseconds last = 0;
  for (const auto& loop : tx_) {
    if (loop->pacer().sent_so_far() == 0) continue;
    first = std::min(first.value_or(loop->first_submit()), loop->first_submit());
    last = std::max(last, loop->last_submit());
  }
  return first ? last - *first : 0;
}

// Each queue sends a run of the spaces.
std::uint32_t Direction::first_space(std::size_t queue) const {
  return static_cast<std::uint32_t>(spaces_ * queue / spec_.queues);
}

ReceiveCounts Direction::arrived() const {
  ReceiveCounts sum;
  for (const auto& loop : rx_) sum.merge(loop->analyzer().counts());
  return sum;
}

std::string Direction::order_note() const {
  if (spec_.to == nullptr || flows_ == spaces_ || spec_.to->facts().rx_spread <= 1) return {};
  return fmt::format(
      "flows share sequence spaces, and the {} receive queues of {} keep no order "
      "among each other: what is reordered is an upper bound",
      spec_.to->facts().rx_spread, spec_.to->facts().device);
}

std::string Direction::readdressed_to() const {
  for (const auto& loop : rx_) {
    const std::optional<AddressedFrame>& found = loop->analyzer().readdressed();
    if (!found) continue;
    const std::string ip = format_ip(found->ip);
    return fmt::format("{}:{}", found->ip.v6 ? fmt::format("[{}]", ip) : ip, found->l4_port);
  }
  return {};
}

// Of the last run; 0 where there was none.
Nanoseconds Direction::least_delay() const {
  std::optional<Nanoseconds> least;
  for (const auto& loop : rx_) {
    const SampleRecord& delays = loop->analyzer().delays();
    if (delays.samples > 0) least = std::min(least.value_or(delays.min), delays.min);
  }
  return least.value_or(0);
}

namespace {

Interval interval_of(const CellInterval& cell) {
  return {.start = cell.start,
          .end = cell.end,
          .offered = cell.counted.offered,
          .received = cell.counted.received,
          .lost = cell.counted.lost,
          .delay = cell.delays};
}

}  // namespace

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
  SentReport report{.from = spec_.from->facts().device,
                    .headers = headers_,
                    .sequence_scope = flows_ == spaces_ ? "flow" : "flow_group",
                    .tx_duration = tx_duration(),
                    .pacing = pacing_summary(tx_)};
  report.tx_stamp = word_of(kTxStampWords, spec_.tx_stamp);
  report.pacing.mode = word_of(kPacingWords, spec_.pacing);
  if (scheduled_) report.pacing.schedule = word_of(kScheduleWords, spec_.schedule);
  for (const auto& loop : tx_) {
    report.intended += loop->intended();
    report.offered += loop->pacer().sent_so_far();
    report.flows_sent += loop->generator().distinct_flows();
    report.displaced += loop->pacer().displaced();
    report.tx_span_max = std::max(report.tx_span_max, loop->span_max());
    const std::vector<std::uint64_t> numbers = loop->generator().sent_per_group();
    report.sent_per_space.insert(report.sent_per_space.end(), numbers.begin(), numbers.end());
  }
  for (const CellInterval& cell : collector_.intervals())
    report.steps.push_back({.start = cell.start, .end = cell.end, .offered = cell.counted.offered});
  return report;
}

std::optional<ReceivedReport> Direction::received() const {
  if (spec_.to == nullptr) return std::nullopt;
  ReceivedReport report{.to = spec_.to->facts().device,
                        .counts = arrived(),
                        .heard_out = heard_out_,
                        .gaps = gaps_seen(rx_),
                        .window = rx_.front()->analyzer().tracker().window(),
                        .readdressed_to = readdressed_to(),
                        .delay = delay_summary(rx_, scheduled_),
                        .reordering = reordering_summary(rx_),
                        .order_note = order_note()};
  if (report.delay) {
    report.delay->rx_stamp = spec_.to->facts().rx_stamp;
    if (report.delay->rx_stamp != "poll") report.delay->unstamped = report.counts.unstamped;
    report.jitter = jitter_summary(rx_, reference_, report.delay->actual);
  }
  for (const auto& loop : rx_) report.late_unseen += loop->late_unseen();
  see_spaces(report);
  for (const CellInterval& cell : collector_.intervals()) {
    report.steps.push_back({.start = cell.start,
                            .end = cell.end,
                            .received = cell.counted.received,
                            .lost = cell.counted.lost,
                            .delay = cell.delays});
  }
  return report;
}

// How far each space came, by the queue that saw it.
void Direction::see_spaces(ReceivedReport& report) const {
  report.spaces.resize(spaces_);
  for (std::uint32_t space = 0; space < spaces_; ++space) {
    ReceivedReport::Space& seen = report.spaces[space];
    for (const auto& loop : rx_) {
      const SequenceTracker& tracker = loop->analyzer().tracker();
      const std::uint64_t reached = tracker.next_expected(space);
      if (reached == 0) continue;
      report.torn |= seen.reached > 0;
      seen = {.reached = reached, .gaps = tracker.gaps(space)};
    }
  }
}

}  // namespace wireproof
