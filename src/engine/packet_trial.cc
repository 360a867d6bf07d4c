#include "engine/packet_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

namespace wireproof {
namespace {

constexpr Nanoseconds kControlStep = kMillisecond;
// Frames sent into a link that is down tell nobody anything: the ports are looked at this often.
constexpr Nanoseconds kLinkStep = 100 * kMillisecond;
// Between the workers being ready and the first frame: they all see the start coming.
constexpr Nanoseconds kRunUp = kMillisecond;
// After the last expected frame has come, copies of it may still follow.
constexpr Nanoseconds kSettle = 20 * kMillisecond;

// Different from that of any recent trial of this or another process, so that its frames are stale.
std::uint16_t next_trial_id() {
  static std::atomic<std::uint16_t> next{static_cast<std::uint16_t>(std::random_device{}())};
  return next.fetch_add(1, std::memory_order_relaxed);
}

// A sender of single frames has no long turns: a system call for one frame takes some microseconds.
PauseThresholds thresholds(const PacketTrialSpec& spec) {
  PauseThresholds made;
  if (spec.pacing == PacingMode::kPrecise) made.busy = 10 * kMicrosecond;
  return made;
}

void add_pauses(PauseSummary& summary, const PauseLog& log, Nanoseconds epoch) {
  summary.threshold = log.thresholds().idle;
  summary.busy_threshold = log.thresholds().busy;
  summary.count += log.count();
  summary.total += log.total();
  summary.max = std::max(summary.max, log.max());
  for (const PauseLog::Pause& pause : log.log()) {
    summary.log.push_back({.at = pause.at - epoch, .length = pause.length});
  }
}

}  // namespace

Result<std::unique_ptr<PacketMeasurer>> PacketMeasurer::make(
    const PacketTrialSpec& spec, const TrafficProfile& profile, const PortPair& ports,
    const CorePlan& cores, const Clock& clock, const std::atomic<bool>& interrupted,
    IntervalObserver observer) {
  std::unique_ptr<PacketMeasurer> made(
      new PacketMeasurer(spec, cores, clock, interrupted, std::move(observer)));
  DirectionSpec direction{.from = ports.a,
                          .to = ports.b,
                          .queues = spec.queues,
                          .waiting_time = spec.waiting_time,
                          .delay_every = spec.delay_every,
                          .tx_stamp = spec.tx_stamp,
                          .pacing = spec.pacing,
                          .schedule = spec.schedule,
                          .burst_size = spec.burst_size,
                          .burst_room = spec.burst_room,
                          .unsent_ratio = spec.unsent_ratio,
                          .log_frames = spec.log_frames,
                          .interval = spec.interval};
  for (const bool reverse : {false, true}) {
    if (reverse) {
      if (!ports.bidirectional) break;
      std::swap(direction.from, direction.to);
      direction.reverse = true;
    }
    if (direction.to != nullptr) {
      if (const Status ok = direction.from->connect(direction.to->facts()); !ok) {
        return tl::unexpected(ok.error());
      }
    }
    auto one = Direction::make(direction, profile, clock);
    if (!one) return tl::unexpected(one.error());
    made->directions_.push_back(std::move(*one));
  }
  return made;
}

std::vector<WorkerSpec> PacketMeasurer::workers() {
  std::map<unsigned, WorkerSpec> by_core;
  std::size_t tx_index = 0;
  std::size_t rx_index = 0;
  const auto add = [&by_core](unsigned cpu, Step* step) {
    WorkerSpec& worker = by_core[cpu];
    worker.cpu = static_cast<int>(cpu);
    worker.steps.push_back(step);
  };
  for (const auto& direction : directions_) {
    for (const auto& loop : direction->tx_loops()) add(cores_.tx[tx_index++], loop.get());
    for (const auto& loop : direction->rx_loops()) add(cores_.rx[rx_index++], loop.get());
  }
  std::vector<WorkerSpec> specs;
  specs.reserve(by_core.size());
  for (auto& [cpu, worker] : by_core) specs.push_back(std::move(worker));
  return specs;
}

Result<TrialResult> PacketMeasurer::measure(const TrialSpec& spec) {
  const double fps = spec.max_rate ? 0 : spec.intended_fps;
  silence_.begin_trial(directions_.size());
  if (spec_.warm_up > 0) run_phase(fps, spec_.warm_up, false);
  if (interrupted_.load()) return fail(ErrorKind::kInterrupted, "interrupted during warm-up");
  if (spec_.warm_up > 0) silence_.after_warm_up(directions_);
  clock_.maintain();
  const Result<PortCounters> before = read_counters();
  if (!before) return tl::unexpected(before.error());
  const Nanoseconds epoch = run_phase(fps, spec.duration, true);
  const Result<PortCounters> after = read_counters();
  if (!after) return tl::unexpected(after.error());

  TrialResult result{.spec = spec, .waiting_time = spec_.waiting_time};
  result.interrupted = interrupted_.load();
  if (!cores_.note.empty()) result.notes.push_back(cores_.note);
  result.reason = link_trouble(*before, *after);
  Nanoseconds last = epoch;
  for (std::size_t i = 0; i < directions_.size(); ++i) {
    result.directions.push_back(directions_[i]->fold(before->from[i], after->from[i], before->to[i],
                                                     after->to[i], result.reason));
    result.directions.back().pacing.pauses = std::move(tx_pauses_[i]);
    result.directions.back().receive_pauses = std::move(rx_pauses_[i]);
    last = std::max(last, directions_[i]->last_submit());
    silence_.after_trial(directions_, i, result.directions.back());
    if (std::string note = directions_[i]->order_note(); !note.empty()) {
      result.notes.push_back(std::move(note));
    }
  }
  const std::vector<std::string>& silent = silence_.notes();
  result.notes.insert(result.notes.end(), silent.begin(), silent.end());
  if (const std::uint64_t beyond = arrivals_not_logged(); beyond > 0) {
    result.notes.push_back(fmt::format("{} arrivals found the frame log full", beyond));
  }
  // The last frame's own gap belongs to the time it took.
  const Nanoseconds gap = fps > 0 ? static_cast<Nanoseconds>(1e9 / fps) : 0;
  result.duration = last - epoch + gap;
  // A burst that the user made long says what may be caught up, not what may be left out.
  constexpr std::uint32_t kBurstLeftOut = 32;
  const std::uint32_t burst = std::max(spec_.burst_room.value_or(kBurstLeftOut), spec_.burst_size);
  judge(result, {.unsent_ratio = spec_.unsent_ratio,
                 .burst = std::min(burst, TxLoop::kRoundMax),
                 .burst_allowed = spec_.burst});
  return result;
}

Status PacketMeasurer::write_arrivals(std::uint64_t trial, std::FILE* file,
                                      const std::string& name) const {
  for (const auto& direction : directions_) {
    unsigned queue = 0;
    for (const auto& loop : direction->rx_loops()) {
      Status written = wireproof::write_arrivals(loop->analyzer().log(), trial,
                                                 direction->spec().reverse, queue++, file, name);
      if (!written) return written;
    }
  }
  return {};
}

std::uint64_t PacketMeasurer::arrivals_not_logged() const {
  std::uint64_t sum = 0;
  for (const auto& direction : directions_) {
    if (spec_.log_frames == 0) break;
    for (const auto& loop : direction->rx_loops()) sum += loop->analyzer().log().overflow();
  }
  return sum;
}

Nanoseconds PacketMeasurer::run_phase(double fps, Nanoseconds duration, bool counted) {
  const std::uint16_t trial_id = next_trial_id();
  const std::vector<WorkerSpec> specs = workers();
  WorkerGroup group(specs, spec_.idle, clock_, thresholds(spec_));
  group.wait_until_ready();
  const Nanoseconds epoch = clock_.now() + kRunUp;
  for (const auto& direction : directions_) {
    direction->start(fps, duration, spec_.burst, trial_id, epoch);
  }
  group.go();
  if (supervise(counted, epoch)) wait_for_stragglers();
  group.stop();
  const Nanoseconds now = clock_.now();
  for (const auto& direction : directions_) direction->stop(now);
  if (counted) keep_pauses(group, specs, epoch);
  return epoch;
}

void PacketMeasurer::keep_pauses(const WorkerGroup& group, const std::vector<WorkerSpec>& specs,
                                 Nanoseconds epoch) {
  const auto of_loops = [&](const auto& loops) {
    PauseSummary summary;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const auto runs = [&](const auto& loop) {
        return std::find(specs[i].steps.begin(), specs[i].steps.end(), loop.get()) !=
               specs[i].steps.end();
      };
      if (std::any_of(loops.begin(), loops.end(), runs))
        add_pauses(summary, group.pauses(i), epoch);
    }
    return summary;
  };
  tx_pauses_.clear();
  rx_pauses_.clear();
  for (const auto& direction : directions_) {
    tx_pauses_.push_back(of_loops(direction->tx_loops()));
    rx_pauses_.push_back(of_loops(direction->rx_loops()));
  }
}

bool PacketMeasurer::supervise(bool counted, Nanoseconds epoch) {
  const auto sending = [](const auto& direction) { return !direction->all_sent(); };
  Nanoseconds look_at_links = clock_.now() + kLinkStep;
  while (std::any_of(directions_.begin(), directions_.end(), sending)) {
    if (interrupted_.load(std::memory_order_relaxed)) return false;
    clock_.sleep_until(clock_.now() + kControlStep);
    if (clock_.now() >= look_at_links) {
      if (!links_up()) return false;
      clock_.maintain();
      look_at_links = clock_.now() + kLinkStep;
    }
    if (counted) silence_.look(directions_, clock_.now() - epoch);
    for (const auto& direction : directions_) {
      if (!direction->collector().sample(clock_.now()) || !counted || !observer_) continue;
      observer_(direction->so_far());
    }
  }
  return true;
}

bool PacketMeasurer::links_up() const {
  for (const auto& direction : directions_) {
    for (Device* device : {direction->spec().from, direction->spec().to}) {
      if (device == nullptr) continue;
      const Result<DeviceCounters> now = device->counters();
      if (!now || !now->link_up) return false;
    }
  }
  return true;
}

// Until the waiting time is over, or all have come and their copies had time to follow.
void PacketMeasurer::wait_for_stragglers() {
  const auto receiving = [](const auto& direction) { return direction->spec().to != nullptr; };
  if (std::none_of(directions_.begin(), directions_.end(), receiving)) return;
  const Nanoseconds until = clock_.now() + spec_.waiting_time;
  Nanoseconds complete_since = 0;
  for (Nanoseconds now = clock_.now(); now < until && !interrupted_.load(); now = clock_.now()) {
    const bool complete = std::all_of(directions_.begin(), directions_.end(),
                                      [](const auto& one) { return one->all_arrived(); });
    if (!complete) complete_since = 0;
    if (complete && complete_since == 0) complete_since = now;
    if (complete && now - complete_since >= kSettle) return;
    clock_.sleep_until(now + kControlStep);
  }
}

Result<PacketMeasurer::PortCounters> PacketMeasurer::read_counters() const {
  PortCounters all;
  for (const auto& direction : directions_) {
    Result<DeviceCounters> from = direction->spec().from->counters();
    if (!from) return tl::unexpected(from.error());
    all.from.push_back(std::move(*from));
    if (direction->spec().to == nullptr) {
      all.to.emplace_back();
      continue;
    }
    Result<DeviceCounters> to = direction->spec().to->counters();
    if (!to) return tl::unexpected(to.error());
    all.to.push_back(std::move(*to));
  }
  return all;
}

std::string PacketMeasurer::link_trouble(const PortCounters& before,
                                         const PortCounters& after) const {
  for (std::size_t i = 0; i < directions_.size(); ++i) {
    const DirectionSpec& spec = directions_[i]->spec();
    for (const auto& [device, old_state, new_state] :
         {std::tuple{spec.from, &before.from[i], &after.from[i]},
          std::tuple{spec.to, &before.to[i], &after.to[i]}}) {
      if (device == nullptr) continue;
      if (!new_state->link_up || new_state->link_downs > old_state->link_downs) {
        return fmt::format("link: {} went down during the trial", device->facts().device);
      }
    }
  }
  return {};
}

}  // namespace wireproof
