#include "engine/sender.h"

#include <algorithm>
#include <limits>

#include "engine/summaries.h"

namespace wireproof {
namespace {

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

// So that the queues of a Poisson schedule, the two directions and their streams draw numbers of
// their own.
constexpr std::uint64_t kScheduleSeed = 1;
constexpr std::uint64_t kReverseSeeds = 1u << 16;
constexpr std::uint64_t kStreamSeeds = 1u << 17;

}  // namespace

Result<std::unique_ptr<Sender>> Sender::make(const SenderSpec& spec, const Stream& stream,
                                             const Clock& clock) {
  std::unique_ptr<Sender> made(new Sender(spec, stream));
  const TrafficProfile& profile = stream.profile;
  const bool sockets = spec.port->facts().layer == Layer::kUdpPayload;
  for (unsigned queue = 0; queue < spec.queues; ++queue) {
    const std::uint32_t first = made->first_space(queue);
    const FlowOrderSpec flows{.flows = profile.flows,
                              .groups = stream.spaces,
                              .group_first = first,
                              .group_count = made->first_space(queue + 1) - first,
                              .permuted = profile.permuted_order};
    Result<Generator> generator = Generator::make(flows, stream.headers, profile.sizes, sockets,
                                                  space_bits(stream.reverse, stream.number));
    if (!generator) return tl::unexpected(generator.error());
    made->loops_.push_back(std::make_unique<TxLoop>(
        spec.port->tx_queue(queue), std::move(*generator), clock, spec.tx_stamp, spec.pacing));
  }
  std::vector<const Cell*> cells;
  for (const auto& loop : made->loops_) cells.push_back(&loop->cell());
  made->series_ = Collector(std::move(cells), {}, spec.interval);
  return made;
}

void Sender::start(const StreamRun& run, LateAfter* receivers) {
  scheduled_ = run.fps > 0;
  epoch_ = run.epoch;
  const auto queues = static_cast<std::uint32_t>(loops_.size());
  end_.start(queues, run.epoch, receivers);
  const RateStep step = run.step.value_or(RateStep{});
  const std::uint32_t room =
      std::max(spec_.burst_room.value_or(room_by_rate(std::max(run.fps, step.fps))) / queues, 1u);
  const double frames =
      step.at > 0 ? run.fps * seconds(step.at) + step.fps * seconds(run.duration - step.at)
                  : run.fps * seconds(run.duration);
  const double spare = spec_.unsent_ratio * frames / queues;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->start(
        {.start = run.epoch,
         .duration = run.duration,
         .fps = run.fps,
         .step_at = step.at,
         .step_fps = step.fps,
         .frames = run.frames == 0 ? std::numeric_limits<std::uint64_t>::max()
                                   : run.frames / queues + (i < run.frames % queues ? 1 : 0),
         .burst = scheduled_ ? run.burst : std::min(run.burst, kBurstWithoutSchedule),
         .room = room + spec_.burst_size - 1,
         .spare = static_cast<std::uint64_t>(spare),
         .schedule = spec_.schedule,
         .burst_size = spec_.burst_size,
         .seed = kScheduleSeed + i + (reverse_ ? kReverseSeeds : 0) + stream_ * kStreamSeeds,
         .queue = static_cast<std::uint32_t>(i),
         .queues = queues},
        run.trial_id, run.epoch, end_);
  }
  series_.start(run.epoch);
}

void Sender::stop(Nanoseconds now) {
  for (const auto& loop : loops_) loop->stop(std::min(now, end_.cut_at()));
}

bool Sender::all_sent() const {
  return std::all_of(loops_.begin(), loops_.end(), [](const auto& loop) {
    return loop->cell().finished.load(std::memory_order_acquire);
  });
}

std::vector<std::uint64_t> Sender::numbers_so_far() const {
  std::vector<std::uint64_t> sent;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    // Each cycle sends one number of each space of the queue.
    const std::uint64_t frames = loops_[i]->cell().offered.load(std::memory_order_relaxed);
    const std::uint32_t spaces = first_space(i + 1) - first_space(i);
    sent.insert(sent.end(), spaces, frames / spaces);
  }
  return sent;
}

std::optional<Sender::Submits> Sender::submits() const {
  std::optional<Submits> all;
  for (const auto& loop : loops_) {
    if (loop->pacer().sent_so_far() == 0) continue;
    if (!all) all = {.first = loop->first_submit(), .last = loop->last_submit()};
    all->first = std::min(all->first, loop->first_submit());
    all->last = std::max(all->last, loop->last_submit());
  }
  return all;
}

// Each queue sends a run of the spaces.
std::uint32_t Sender::first_space(std::size_t queue) const {
  return static_cast<std::uint32_t>(spaces_ * queue / spec_.queues);
}

SentReport Sender::report() const {
  SentReport report{.from = spec_.port->facts().device,
                    .stream = stream_,
                    .headers = told_,
                    .sequence_scope = flows_ == spaces_ ? "flow" : "flow_group",
                    .pacing = pacing_summary(loops_)};
  if (const std::optional<Submits> all = submits()) {
    report.tx_duration = all->last - all->first;
    report.tx_end = all->last - epoch_;
  }
  report.tx_stamp = word_of(kTxStampWords, spec_.tx_stamp);
  report.pacing.mode = word_of(kPacingWords, spec_.pacing);
  if (scheduled_) report.pacing.schedule = word_of(kScheduleWords, spec_.schedule);
  for (const auto& loop : loops_) {
    report.intended += loop->intended();
    report.offered += loop->pacer().sent_so_far();
    report.flows_sent += loop->generator().distinct_flows();
    report.displaced += loop->pacer().displaced();
    report.tx_span_max = std::max(report.tx_span_max, loop->span_max());
    const std::vector<std::uint64_t> numbers = loop->generator().sent_per_group();
    report.sent_per_space.insert(report.sent_per_space.end(), numbers.begin(), numbers.end());
  }
  for (const CellInterval& cell : series_.intervals())
    report.steps.push_back({.start = cell.start, .end = cell.end, .offered = cell.counted.offered});
  return report;
}

}  // namespace wireproof
