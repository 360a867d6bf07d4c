#include "engine/packet_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/memory.h"
#include "engine/growth.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kControlStep = kMillisecond;
// Frames sent into a link that is down tell nobody anything: the ports are looked at this often.
constexpr Nanoseconds kLinkStep = 100 * kMillisecond;
// Between the workers being ready and the first frame: they all see the start coming.
constexpr Nanoseconds kRunUp = kMillisecond;
// What arrived by a given time has then been looked at.
constexpr Nanoseconds kSettle = 20 * kMillisecond;
// A user who stops a trial is not kept waiting for longer: senders end, and what they sent has this
// time to come.
constexpr Nanoseconds kSendersEnd = 200 * kMillisecond;
constexpr Nanoseconds kLastEar = 500 * kMillisecond;

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

// Every page of a log is touched when it is made.
Status check_logs(const PacketTrialSpec& spec, const PortPair& ports) {
  const unsigned logs = ports.b == nullptr ? 0 : spec.queues * (ports.bidirectional ? 2 : 1);
  if (logs == 0 || spec.log_frames == 0) return {};
  return check_memory(std::uint64_t{spec.log_frames} * logs * sizeof(ArrivalRecord),
                      fmt::format("a log of {} frames for each of {} receive queue{}",
                                  spec.log_frames, logs, logs == 1 ? "" : "s"),
                      "give a smaller --frame-log-frames");
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
  const Status added = within_memory([&] { return made->add_directions(profile, ports); });
  if (!added) return tl::unexpected(added.error());
  return made;
}

Status PacketMeasurer::add_directions(const TrafficProfile& profile, const PortPair& ports) {
  if (const Status ok = check_logs(spec_, ports); !ok) return ok;
  DirectionSpec direction{.from = ports.a,
                          .to = ports.b,
                          .queues = spec_.queues,
                          .waiting_time = spec_.waiting_time,
                          .delay_every = spec_.delay_every,
                          .tx_stamp = spec_.tx_stamp,
                          .pacing = spec_.pacing,
                          .schedule = spec_.schedule,
                          .burst_size = spec_.burst_size,
                          .burst_room = spec_.burst_room,
                          .unsent_ratio = spec_.unsent_ratio,
                          .log_frames = spec_.log_frames,
                          .interval = spec_.interval};
  for (const bool reverse : {false, true}) {
    if (reverse) {
      if (!ports.bidirectional) break;
      std::swap(direction.from, direction.to);
      direction.reverse = true;
    }
    if (direction.to != nullptr) {
      if (Status ok = direction.from->connect(direction.to->facts()); !ok) return ok;
    }
    auto one = Direction::make(direction, profile, clock_);
    if (!one) return tl::unexpected(one.error());
    directions_.push_back(std::move(*one));
  }
  return {};
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
  return within_memory([&] { return run_trial(spec); });
}

Result<TrialResult> PacketMeasurer::run_trial(const TrialSpec& spec) {
  const double fps = spec.max_rate ? 0 : spec.intended_fps;
  silence_.begin_trial(directions_.size());
  if (spec_.warm_up > 0) {
    if (const auto warm = run_phase(fps, spec_.warm_up, false); !warm) {
      return tl::unexpected(warm.error());
    }
  }
  if (interrupted_.load()) return fail(ErrorKind::kInterrupted, "interrupted during warm-up");
  if (spec_.warm_up > 0) silence_.after_warm_up(directions_);
  clock_.maintain();
  const Result<PortCounters> before = read_counters();
  if (!before) return tl::unexpected(before.error());
  const Result<Nanoseconds> begun = run_phase(fps, spec.duration, true);
  if (!begun) return tl::unexpected(begun.error());
  const Nanoseconds epoch = *begun;
  const Result<PortCounters> after = read_counters();
  if (!after) return tl::unexpected(after.error());

  TrialResult result{.spec = spec, .waiting_time = spec_.waiting_time};
  result.interrupted = interrupted_.load();
  if (!cores_.note.empty()) result.notes.push_back(cores_.note);
  result.reason = link_trouble(*before, *after);
  const bool link_went = !result.reason.empty();
  for (std::size_t i = 0; i < directions_.size(); ++i) {
    Folded folded = fold_direction(i, *before, *after, link_went);
    if (result.reason.empty()) result.reason = folded.spoiled;
    if (!folded.note.empty()) result.notes.push_back(folded.note);
    result.directions.push_back(std::move(folded.result));
    silence_.after_trial(directions_, i, result.directions.back());
  }
  const std::vector<std::string>& silent = silence_.notes();
  result.notes.insert(result.notes.end(), silent.begin(), silent.end());
  if (const std::uint64_t beyond = arrivals_not_logged(); beyond > 0) {
    result.notes.push_back(fmt::format("{} arrivals found the frame log full", beyond));
  }
  result.duration =
      std::clamp(cut_at_.value_or(epoch + spec.duration) - epoch, Nanoseconds{0}, spec.duration);
  // A burst that the user made long says what may be caught up, not what may be left out.
  constexpr std::uint32_t kBurstLeftOut = 32;
  const std::uint32_t burst = std::max(spec_.burst_room.value_or(kBurstLeftOut), spec_.burst_size);
  judge(result, {.unsent_ratio = spec_.unsent_ratio,
                 .burst = std::min(burst, TxLoop::kRoundMax),
                 .burst_allowed = spec_.burst});
  return result;
}

Folded PacketMeasurer::fold_direction(std::size_t i, const PortCounters& before,
                                      const PortCounters& after, bool link_went) {
  const Direction& direction = *directions_[i];
  SentReport sent = direction.sent();
  sent.port = growth_of(before.from[i], after.from[i]);
  sent.pacing.pauses = std::move(tx_pauses_[i]);
  std::optional<ReceivedReport> received = direction.received();
  if (received) {
    received->port = growth_of(before.to[i], after.to[i]);
    received->pauses = std::move(rx_pauses_[i]);
  }
  const bool one_port = direction.spec().from == direction.spec().to;
  return fold(sent, received, {.one_port = one_port, .link_went = link_went});
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

Result<Nanoseconds> PacketMeasurer::run_phase(double fps, Nanoseconds duration, bool counted) {
  const std::uint16_t trial_id = next_trial_id();
  const std::vector<WorkerSpec> specs = workers();
  const PauseThresholds limits = thresholds(spec_);
  const std::unique_ptr<Workers> group =
      make_workers_ ? make_workers_(specs, spec_.idle, clock_, limits)
                    : std::make_unique<WorkerGroup>(specs, spec_.idle, clock_, limits);
  if (const Status ready = group->wait_until_ready(); !ready) return tl::unexpected(ready.error());
  const Nanoseconds epoch = clock_.now() + kRunUp;
  for (const auto& direction : directions_) {
    direction->start({.fps = fps,
                      .duration = duration,
                      .burst = spec_.burst,
                      .trial_id = trial_id,
                      .epoch = epoch});
  }
  group->go();
  supervise(epoch, duration, counted);
  // The waiting is an interval of its own: what was sent in the one before it was sent all along.
  for (const auto& direction : directions_) {
    if (direction->spec().to != nullptr) finish_interval(*direction, clock_.now(), counted);
  }
  wait_for_stragglers(counted);
  group->stop();
  const Nanoseconds now = clock_.now();
  for (const auto& direction : directions_) {
    direction->stop(now, heard_out_);
    finish_interval(*direction, now, counted);
  }
  if (counted) keep_pauses(*group, specs, epoch);
  return epoch;
}

void PacketMeasurer::keep_pauses(const Workers& group, const std::vector<WorkerSpec>& specs,
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

void PacketMeasurer::supervise(Nanoseconds epoch, Nanoseconds duration, bool counted) {
  const Nanoseconds end = epoch + duration;
  const auto sending = [](const auto& direction) { return !direction->all_sent(); };
  cut_at_.reset();
  heard_out_ = true;
  Nanoseconds look_at_links = clock_.now() + kLinkStep;
  while (clock_.now() < end || std::any_of(directions_.begin(), directions_.end(), sending)) {
    if (interrupted_.load(std::memory_order_relaxed)) return cut_short(end);
    clock_.sleep_until(clock_.now() + kControlStep);
    if (clock_.now() >= look_at_links) {
      if (!links_up()) {
        heard_out_ = false;
        return cut_short(end);
      }
      clock_.maintain();
      look_at_links = clock_.now() + kLinkStep;
    }
    if (counted) silence_.look(directions_, clock_.now() - epoch);
    attend(counted);
  }
}

void PacketMeasurer::cut_short(Nanoseconds end) {
  const auto sending = [](const auto& direction) { return !direction->all_sent(); };
  const Nanoseconds now = clock_.now();
  if (now < end) cut_at_ = now;
  for (const auto& direction : directions_) direction->cut(now);
  while (std::any_of(directions_.begin(), directions_.end(), sending)) {
    if (clock_.now() - now >= kSendersEnd) return;
    clock_.sleep_until(clock_.now() + kControlStep);
  }
}

void PacketMeasurer::attend(bool counted) {
  const Nanoseconds now = clock_.now();
  for (const auto& direction : directions_) {
    direction->note_ages(now);
    if (direction->collector().sample(now)) tell(*direction, counted);
  }
}

void PacketMeasurer::finish_interval(Direction& direction, Nanoseconds now, bool counted) {
  if (direction.collector().finish(now)) tell(direction, counted);
}

void PacketMeasurer::tell(const Direction& direction, bool counted) {
  if (counted && observer_) observer_(direction.so_far());
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

bool PacketMeasurer::all_arrived() const {
  return std::all_of(directions_.begin(), directions_.end(),
                     [](const auto& one) { return one->all_arrived(); });
}

void PacketMeasurer::wait_for_stragglers(bool counted) {
  if (!heard_out_ || (!counted && interrupted_.load())) return;
  std::optional<Nanoseconds> late_after;  // in every direction
  for (const auto& direction : directions_) {
    if (direction->spec().to == nullptr) continue;
    const Nanoseconds end = std::min(direction->late_after(), clock_.now() + spec_.waiting_time);
    late_after = std::max(late_after.value_or(end), end);
  }
  if (!late_after) return;  // nobody receives
  Nanoseconds incomplete_at = clock_.now();
  Nanoseconds uninterrupted_at = incomplete_at;
  for (Nanoseconds now = incomplete_at;; now = clock_.now()) {
    const bool complete = all_arrived();
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
    for (const auto& direction : directions_) direction->note_ages(now);
  }
}

// How long after the waiting time the last frame will come, by the delays so far.
Nanoseconds PacketMeasurer::late_for() const {
  Nanoseconds longest = 0;
  for (const auto& direction : directions_) {
    longest = std::max(longest, direction->longest_delay());
  }
  return std::clamp(longest - spec_.waiting_time, Nanoseconds{0}, spec_.waiting_time);
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
      if (!old_state->link_up) {
        return fmt::format("link: {} was down when the trial began", device->facts().device);
      }
      if (!new_state->link_up || new_state->link_downs != old_state->link_downs) {
        return fmt::format("link: {} went down during the trial", device->facts().device);
      }
    }
  }
  return {};
}

}  // namespace wireproof
