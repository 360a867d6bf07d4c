#include "engine/trial_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/memory.h"
#include "engine/growth.h"

namespace wireproof {
namespace {

// Every page of a log is touched when it is made.
Status check_logs(const PacketTrialSpec& spec, const PortPair& ports) {
  const unsigned logs = ports.b == nullptr ? 0 : spec.queues * (ports.bidirectional ? 2 : 1);
  if (logs == 0 || spec.log_frames == 0) return {};
  return check_memory(std::uint64_t{spec.log_frames} * logs * sizeof(ArrivalRecord),
                      fmt::format("a log of {} frames for each of {} receive queue{}",
                                  spec.log_frames, logs, logs == 1 ? "" : "s"),
                      "give a smaller --frame-log-frames");
}

}  // namespace

Result<TrialStreams> TrialStreams::make(const PacketTrialSpec& spec, const TrafficProfile& profile,
                                        const PortPair& ports,
                                        const std::vector<StreamBeside>& beside,
                                        const Clock& clock) {
  if (beside.size() >= kStreamsMax) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} streams at once: at most {}", beside.size() + 1, kStreamsMax));
  }
  if (const Status ok = check_logs(spec, ports); !ok) return tl::unexpected(ok.error());
  TrialStreams made;
  DirectionSpec direction{.sender = {.port = ports.a,
                                     .queues = spec.queues,
                                     .tx_stamp = spec.tx_stamp,
                                     .pacing = spec.pacing,
                                     .schedule = spec.schedule,
                                     .burst_size = spec.burst_size,
                                     .burst_room = spec.burst_room,
                                     .unsent_ratio = spec.unsent_ratio,
                                     .interval = spec.interval},
                          .receiver = {.port = ports.b,
                                       .queues = spec.queues,
                                       .waiting_time = spec.waiting_time,
                                       .delay_every = spec.delay_every,
                                       .log_frames = spec.log_frames,
                                       .interval = spec.interval}};
  for (const bool reverse : {false, true}) {
    if (reverse) {
      if (!ports.bidirectional) break;
      std::swap(direction.sender.port, direction.receiver.port);
      direction.reverse = true;
    }
    Device* const to = direction.receiver.port;
    if (to != nullptr) {
      if (const Status ok = direction.sender.port->connect(to->facts()); !ok) {
        return tl::unexpected(ok.error());
      }
    }
    if (const Status ok = made.add(direction, profile, clock); !ok)
      return tl::unexpected(ok.error());
    DirectionSpec another = direction;
    another.receiver.beside = made.all_.back()->receiver();
    another.receiver.log_frames = 0;
    for (const StreamBeside& stream : beside) {
      ++another.stream;
      another.fps = stream.fps;
      if (const Status ok = made.add(another, stream.profile, clock); !ok) {
        return tl::unexpected(ok.error());
      }
    }
  }
  return made;
}

Status TrialStreams::add(const DirectionSpec& spec, const TrafficProfile& profile,
                         const Clock& clock) {
  auto one = Direction::make(spec, profile, clock);
  if (!one) return tl::unexpected(one.error());
  all_.push_back(std::move(*one));
  return {};
}

std::vector<WorkerSpec> TrialStreams::workers(const CorePlan& cores) const {
  std::map<unsigned, WorkerSpec> by_core;
  std::size_t tx_first = 0, rx_first = 0;  // of the direction
  const auto add = [&by_core, partition = cores.partition](unsigned cpu, Step* step) {
    WorkerSpec& worker = by_core[cpu];
    worker.cpu = static_cast<int>(cpu);
    worker.partition = partition;
    worker.steps.push_back(step);
  };
  for (const auto& direction : all_) {
    const TxLoops sending = direction->tx_loops();
    const RxLoops receiving = direction->rx_loops();
    const bool first = direction->stream() == 0;
    if (first && direction != all_.front()) {
      tx_first += sending.size();
      rx_first += receiving.size();
    }
    // The streams of a direction share its queues: a queue belongs to one core.
    for (std::size_t i = 0; i < sending.size(); ++i) {
      add(cores.tx[tx_first + i], sending[i].get());
    }
    for (std::size_t i = 0; first && i < receiving.size(); ++i) {
      add(cores.rx[rx_first + i], receiving[i].get());
    }
  }
  std::vector<WorkerSpec> specs;
  specs.reserve(by_core.size());
  for (auto& [cpu, worker] : by_core) specs.push_back(std::move(worker));
  return specs;
}

bool TrialStreams::all_sent() const {
  return std::all_of(all_.begin(), all_.end(), [](const auto& one) { return one->all_sent(); });
}

Nanoseconds TrialStreams::longest_delay() const {
  Nanoseconds longest = 0;
  for (const auto& one : all_) longest = std::max(longest, one->longest_delay());
  return longest;
}

bool TrialStreams::links_up() const {
  for (const auto& direction : all_) {
    for (Device* device : {&direction->from(), direction->to()}) {
      if (device == nullptr) continue;
      const Result<DeviceCounters> now = device->counters();
      if (!now || !now->link_up) return false;
    }
  }
  return true;
}

bool TrialStreams::all_arrived() const {
  return std::all_of(all_.begin(), all_.end(), [](const auto& one) { return one->all_arrived(); });
}

Result<PortCounters> TrialStreams::read_counters() const {
  PortCounters all;
  for (const auto& direction : all_) {
    Result<DeviceCounters> from = direction->from().counters();
    if (!from) return tl::unexpected(from.error());
    all.from.push_back(std::move(*from));
    if (direction->to() == nullptr) {
      all.to.emplace_back();
      continue;
    }
    Result<DeviceCounters> to = direction->to()->counters();
    if (!to) return tl::unexpected(to.error());
    all.to.push_back(std::move(*to));
  }
  return all;
}

std::string TrialStreams::link_trouble(const PortCounters& before,
                                       const PortCounters& after) const {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const Direction& direction = *all_[i];
    for (const auto& [device, old_state, new_state] :
         {std::tuple{&direction.from(), &before.from[i], &after.from[i]},
          std::tuple{direction.to(), &before.to[i], &after.to[i]}}) {
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

Folded TrialStreams::fold_one(std::size_t i, const PortCounters& before, const PortCounters& after,
                              bool link_went, PreemptionSummary tx, PreemptionSummary rx) const {
  const Direction& direction = *all_[i];
  SentReport sent = direction.sent();
  sent.port = growth_of(before.from[i], after.from[i]);
  sent.pacing.preemptions = std::move(tx);
  std::optional<ReceivedReport> received = direction.received();
  if (received) {
    received->port = growth_of(before.to[i], after.to[i]);
    received->preemptions = std::move(rx);
  }
  const bool one_port = &direction.from() == direction.to();
  return fold(sent, received,
              {.one_port = one_port, .link_went = link_went, .lost_beside = lost_beside(i)});
}

// Of the other streams between the ports of this one.
std::uint64_t TrialStreams::lost_beside(std::size_t i) const {
  std::uint64_t lost = 0;
  for (const auto& other : all_) {
    if (other == all_[i] || other->reverse() != all_[i]->reverse()) continue;
    const CellSample total = other->total();
    lost += total.offered - std::min(total.offered, total.received);
  }
  return lost;
}

Status TrialStreams::write_arrivals(std::uint64_t trial, std::FILE* file,
                                    const std::string& name) const {
  for (const auto& direction : all_) {
    unsigned queue = 0;
    for (const auto& lane : direction->rx_lanes()) {
      Status written = wireproof::write_arrivals(lane->analyzer().log(), trial,
                                                 direction->reverse(), queue++, file, name);
      if (!written) return written;
    }
  }
  return {};
}

std::uint64_t TrialStreams::arrivals_not_logged() const {
  std::uint64_t sum = 0;
  for (const auto& direction : all_) {
    for (const auto& lane : direction->rx_lanes()) sum += lane->analyzer().log().overflow();
  }
  return sum;
}

}  // namespace wireproof
