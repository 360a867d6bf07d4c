#include "engine/packet_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/memory.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kControlStep = kMillisecond;
// Frames sent into a link that is down tell nobody anything: the ports are looked at this often.
constexpr Nanoseconds kLinkStep = 100 * kMillisecond;
// Between the workers being ready and the first frame: they all see the start coming.
constexpr Nanoseconds kRunUp = kMillisecond;
// What arrived by a given time has then been looked at.
constexpr Nanoseconds kSettle = 20 * kMillisecond;
// A trial that is cancelled ends within 100 ms, the last nap of a worker included: senders end, and
// what they sent has this time to come.
constexpr Nanoseconds kSendersEnd = 20 * kMillisecond;
constexpr Nanoseconds kLastEar = 40 * kMillisecond;

// Different from that of any recent trial of this or another process, so that its frames are stale.
std::uint16_t next_trial_id() {
  static std::atomic<std::uint16_t> next{static_cast<std::uint16_t>(std::random_device{}())};
  return next.fetch_add(1, std::memory_order_relaxed);
}

// A sender of single frames has no long turns: a system call for one frame takes some microseconds.
PreemptionThresholds thresholds(const PacketTrialSpec& spec) {
  PreemptionThresholds made;
  if (spec.pacing == PacingMode::kPrecise) made.busy = 10 * kMicrosecond;
  return made;
}

void add_preemptions(PreemptionSummary& summary, const PreemptionLog& log, Nanoseconds epoch) {
  summary.threshold = log.thresholds().idle;
  summary.busy_threshold = log.thresholds().busy;
  summary.count += log.count();
  summary.total += log.total();
  summary.max = std::max(summary.max, log.max());
  for (const PreemptionLog::Preemption& preemption : log.log()) {
    summary.log.push_back({.at = preemption.at - epoch, .length = preemption.length});
  }
}

bool all_links_up(const PortCounters& ports) {
  const auto up = [](const DeviceCounters& port) { return port.link_up; };
  return std::all_of(ports.from.begin(), ports.from.end(), up) &&
         std::all_of(ports.to.begin(), ports.to.end(), up);
}

}  // namespace

Result<std::unique_ptr<PacketMeasurer>> PacketMeasurer::make(
    const PacketTrialSpec& spec, const TrafficProfile& profile, const PortPair& ports,
    const CorePlan& cores, const Clock& clock, const std::atomic<bool>& interrupted,
    IntervalObserver observer, const std::vector<StreamBeside>& beside) {
  auto streams =
      within_memory([&] { return TrialStreams::make(spec, profile, ports, beside, clock); });
  if (!streams) return tl::unexpected(streams.error());
  return std::unique_ptr<PacketMeasurer>(new PacketMeasurer(spec, *std::move(streams), cores, clock,
                                                            interrupted, std::move(observer)));
}

Result<TrialResult> PacketMeasurer::measure(const TrialSpec& spec) {
  return within_memory([&] { return run_trial(spec); });
}

Result<TrialResult> PacketMeasurer::run_trial(const TrialSpec& spec) {
  const double fps = spec.max_rate ? 0 : spec.intended_fps;
  silence_.begin_trial(streams_.all().size());
  if (Status learned = warm_up(spec, fps); !learned) return tl::unexpected(learned.error());
  clock_.maintain();
  const Result<PortCounters> before = streams_.read_counters();
  if (!before) return tl::unexpected(before.error());
  const Result<Nanoseconds> begun = run_phase({.fps = fps,
                                               .duration = spec.duration,
                                               .frames = spec.frames,
                                               .step = spec.step,
                                               .link_may_go = spec.link_may_go},
                                              true);
  if (!begun) return tl::unexpected(begun.error());
  const Nanoseconds epoch = *begun;
  const Result<PortCounters> after = streams_.read_counters();
  if (!after) return tl::unexpected(after.error());

  TrialResult result{.spec = spec, .waiting_time = spec_.waiting_time};
  result.interrupted = interrupted_.load();
  if (!cores_.note.empty()) result.notes.push_back(cores_.note);
  result.reason = streams_.link_trouble(*before, *after);
  const bool link_went = !result.reason.empty();
  const bool measured_so =
      link_went && spec.link_may_go && all_links_up(*before) && all_links_up(*after);
  result.link_went = measured_so;
  if (measured_so) result.notes.push_back(std::exchange(result.reason, {}));
  for (std::size_t i = 0; i < streams_.all().size(); ++i) {
    Folded folded = streams_.fold_one(i, *before, *after, link_went, std::move(tx_preemptions_[i]),
                                      std::move(rx_preemptions_[i]));
    if (result.reason.empty()) result.reason = folded.spoiled;
    if (!folded.note.empty()) result.notes.push_back(folded.note);
    result.directions.push_back(std::move(folded.result));
    silence_.after_trial(streams_.all(), i, result.directions.back());
  }
  const std::vector<std::string>& silent = silence_.notes();
  result.notes.insert(result.notes.end(), silent.begin(), silent.end());
  if (const std::uint64_t beyond = streams_.arrivals_not_logged(); beyond > 0) {
    result.notes.push_back(fmt::format(
        "{} arrivals are not in the frame log, which is full: give a larger --frame-log-frames",
        beyond));
  }
  result.duration =
      std::clamp(cut_at_.value_or(epoch + spec.duration) - epoch, Nanoseconds{0}, spec.duration);
  if (spec.frames > 0) {
    Nanoseconds sending = 0;
    for (const DirectionResult& direction : result.directions)
      sending = std::max(sending, direction.tx_duration);
    result.duration = std::min(result.duration, sending);
  }
  // A burst that the user made long says what may be caught up, not what may be left out.
  constexpr std::uint32_t kBurstLeftOut = 32;
  const std::uint32_t burst = std::max(spec_.burst_room.value_or(kBurstLeftOut), spec_.burst_size);
  judge(result, {.unsent_ratio = spec_.unsent_ratio,
                 .burst = std::min(burst, TxLoop::kRoundMax),
                 .burst_allowed = spec_.burst,
                 .link_went = measured_so,
                 .isolated = cores_.partition != nullptr});
  return result;
}

Status PacketMeasurer::warm_up(const TrialSpec& spec, double fps) {
  if (spec_.warm_up > 0) {
    // No more than what counts: a device that has room for that is empty again when it begins.
    const StreamRun learning{.fps = fps, .duration = spec_.warm_up, .frames = spec.frames};
    if (const auto warm = run_phase(learning, false); !warm) return tl::unexpected(warm.error());
  }
  if (interrupted_.load()) return fail(ErrorKind::kInterrupted, "interrupted during warm-up");
  if (spec_.warm_up > 0) silence_.after_warm_up(streams_.all());
  return {};
}

Result<Nanoseconds> PacketMeasurer::run_phase(StreamRun run, bool counted) {
  run.burst = spec_.burst;
  run.trial_id = next_trial_id();
  const std::vector<WorkerSpec> specs = streams_.workers(cores_);
  const PreemptionThresholds limits = thresholds(spec_);
  const std::unique_ptr<Workers> group =
      make_workers_ ? make_workers_(specs, spec_.idle, clock_, limits)
                    : std::make_unique<WorkerGroup>(specs, spec_.idle, clock_, limits);
  if (const Status ready = group->wait_until_ready(); !ready) return tl::unexpected(ready.error());
  run.epoch = clock_.now() + kRunUp;
  for (const auto& direction : streams_.all()) direction->start(run);
  group->go();
  supervise(run, counted);
  // The waiting is an interval of its own: what was sent in the one before it was sent all along.
  for (const auto& direction : streams_.all()) {
    if (direction->to() != nullptr) finish_interval(*direction, clock_.now(), counted);
  }
  wait_for_stragglers(counted);
  group->stop();
  const Nanoseconds now = clock_.now();
  for (const auto& direction : streams_.all()) {
    direction->stop(now, heard_out_);
    finish_interval(*direction, now, counted);
  }
  if (counted) keep_preemptions(*group, specs, run.epoch);
  // What was promised for the whole of it.
  if (cores_.partition != nullptr) {
    if (const Status holds = cores_.partition->holds(); !holds)
      return tl::unexpected(holds.error());
  }
  return run.epoch;
}

void PacketMeasurer::keep_preemptions(const Workers& group, const std::vector<WorkerSpec>& specs,
                                      Nanoseconds epoch) {
  const auto of_loops = [&](const auto& loops) {
    PreemptionSummary summary;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const auto runs = [&](const auto& loop) {
        return std::find(specs[i].steps.begin(), specs[i].steps.end(), loop.get()) !=
               specs[i].steps.end();
      };
      if (std::any_of(loops.begin(), loops.end(), runs))
        add_preemptions(summary, group.preemptions(i), epoch);
    }
    return summary;
  };
  tx_preemptions_.clear();
  rx_preemptions_.clear();
  for (const auto& direction : streams_.all()) {
    tx_preemptions_.push_back(of_loops(direction->tx_loops()));
    rx_preemptions_.push_back(of_loops(direction->rx_loops()));
  }
}

void PacketMeasurer::supervise(const StreamRun& run, bool counted) {
  const Nanoseconds end = run.epoch + run.duration;
  const bool by_time = run.frames == 0;
  cut_at_.reset();
  heard_out_ = true;
  Nanoseconds look_at_links = clock_.now() + kLinkStep;
  while ((by_time && clock_.now() < end) || !streams_.all_sent()) {
    if (interrupted_.load(std::memory_order_relaxed)) return cut_short(end);
    clock_.sleep_until(clock_.now() + kControlStep);
    if (clock_.now() >= look_at_links) {
      if (!run.link_may_go && !streams_.links_up()) {
        heard_out_ = false;
        return cut_short(end);
      }
      clock_.maintain();
      look_at_links = clock_.now() + kLinkStep;
    }
    if (counted) silence_.look(streams_.all(), clock_.now() - run.epoch);
    attend(counted);
  }
}

void PacketMeasurer::cut_short(Nanoseconds end) {
  const Nanoseconds now = clock_.now();
  if (now < end) cut_at_ = now;
  for (const auto& direction : streams_.all()) direction->cut(now);
  while (!streams_.all_sent()) {
    if (clock_.now() - now >= kSendersEnd) return;
    clock_.sleep_until(clock_.now() + kControlStep);
  }
}

void PacketMeasurer::attend(bool counted) {
  const Nanoseconds now = clock_.now();
  for (const auto& direction : streams_.all()) {
    direction->note_ages(now);
    if (direction->sample(now)) tell(*direction, counted);
  }
}

void PacketMeasurer::finish_interval(Direction& direction, Nanoseconds now, bool counted) {
  if (direction.finish_interval(now)) tell(direction, counted);
}

void PacketMeasurer::tell(const Direction& direction, bool counted) {
  if (counted && observer_) observer_(direction.so_far());
}

void PacketMeasurer::wait_for_stragglers(bool counted) {
  if (!heard_out_ || (!counted && interrupted_.load())) return;
  std::optional<Nanoseconds> late_after;  // in every direction
  for (const auto& direction : streams_.all()) {
    if (direction->to() == nullptr) continue;
    const Nanoseconds end = std::min(direction->late_after(), clock_.now() + spec_.waiting_time);
    late_after = std::max(late_after.value_or(end), end);
  }
  if (!late_after) return;  // nobody receives
  Nanoseconds incomplete_at = clock_.now();
  Nanoseconds uninterrupted_at = incomplete_at;
  for (Nanoseconds now = incomplete_at;; now = clock_.now()) {
    const bool complete = streams_.all_arrived();
    const bool interrupted = interrupted_.load();
    if (!complete) incomplete_at = now;
    if (!interrupted) uninterrupted_at = now;
    if (now >= *late_after + kSettle + (complete ? 0 : late_for())) return;
    const bool enough = !counted || spec_.end_when_complete || interrupted;
    if (enough && now - incomplete_at >= kSettle) return;
    if (now - uninterrupted_at >= kLastEar) {
      heard_out_ = now >= *late_after;
      return;
    }
    clock_.sleep_until(now + kControlStep);
    for (const auto& direction : streams_.all()) direction->note_ages(now);
  }
}

// How long after the waiting time the last frame will come, by the delays so far.
Nanoseconds PacketMeasurer::late_for() const {
  return std::clamp(streams_.longest_delay() - spec_.waiting_time, Nanoseconds{0},
                    spec_.waiting_time);
}

}  // namespace wireproof
