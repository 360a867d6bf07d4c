// What a packet trial is asked for, and the streams that come of it: in one direction or both, one
// or several in each, between the same two ports.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "engine/core_plan.h"
#include "engine/direction.h"
#include "engine/fold.h"
#include "engine/worker.h"

namespace wireproof {

struct PacketTrialSpec {
  Nanoseconds warm_up = 100 * kMillisecond;       // 0: none
  Nanoseconds waiting_time = 500 * kMillisecond;  // RFC 2544 section 23 d says 2 s
  Nanoseconds interval = kSecond;                 // of the live series
  std::uint32_t burst = 1024;                     // 1..Pacer::kBurstMax
  // What the user says the device holds at once: `burst`, where it was given; absent: by the rate.
  std::optional<std::uint32_t> burst_room;
  PacingMode pacing = PacingMode::kBurst;
  ScheduleKind schedule = ScheduleKind::kConstant;
  std::uint32_t burst_size = 1;   // of a bursty schedule; `burst` is no less
  std::uint32_t delay_every = 1;  // 0: no delays
  TxStamp tx_stamp = TxStamp::kBurst;
  IdlePolicy idle = IdlePolicy::kSpin;
  double unsent_ratio = 0.001;  // see VerdictLimits
  // The waiting time ends once every frame has come, and copies that follow are not counted.
  bool end_when_complete = false;
  std::size_t log_frames = 0;  // room of each receive queue's arrival log; 0: none is kept
  unsigned queues = 1;
};

struct PortPair {
  Device* a = nullptr;
  Device* b = nullptr;         // null: send only
  bool bidirectional = false;  // needs b
};

// A stream that is sent beside the one whose load the trial is about, between the same ports and
// with a rate of its own: a probe, another service. Its frames must be such as the ports' Steering
// hands over. There is a result for it, as for the first; a loss of it is a loss of the trial.
struct StreamBeside {
  TrafficProfile profile;
  double fps = 0;
};

// Of each stream: what its ports counted.
struct PortCounters {
  std::vector<DeviceCounters> from;
  std::vector<DeviceCounters> to;
};

// Control thread alone.
class TrialStreams {
 public:
  // Ports and clock outlive it. The first stream of a direction has `profile`, and serves the
  // receive queues for all. Fails with kUsage or kPrecondition, also where the arrival logs would
  // take more memory than there is; those are of the first stream alone.
  [[nodiscard]] static Result<TrialStreams> make(const PacketTrialSpec& spec,
                                                 const TrafficProfile& profile,
                                                 const PortPair& ports,
                                                 const std::vector<StreamBeside>& beside,
                                                 const Clock& clock);

  // Of one direction first, the first stream in front.
  [[nodiscard]] const Directions& all() const { return all_; }
  // Their loops, by the cores they are to run on.
  [[nodiscard]] std::vector<WorkerSpec> workers(const CorePlan& cores) const;

  // While workers run.
  [[nodiscard]] bool all_sent() const;
  [[nodiscard]] bool all_arrived() const;
  // About the longest that a frame was on its way, so far.
  [[nodiscard]] Nanoseconds longest_delay() const;
  [[nodiscard]] bool links_up() const;

  [[nodiscard]] Result<PortCounters> read_counters() const;
  // What went wrong with a link between the two readings; empty: nothing.
  [[nodiscard]] std::string link_trouble(const PortCounters& before,
                                         const PortCounters& after) const;
  // After the workers have stopped: of the i-th. `tx`, `rx`: the gaps of the loops that served it.
  [[nodiscard]] Folded fold_one(std::size_t i, const PortCounters& before,
                                const PortCounters& after, bool link_went, PreemptionSummary tx,
                                PreemptionSummary rx) const;

  // The same, where log_frames asked for it: rows of the arrival log. Fails with kOutput.
  [[nodiscard]] Status write_arrivals(std::uint64_t trial, std::FILE* file,
                                      const std::string& name) const;
  [[nodiscard]] std::uint64_t arrivals_not_logged() const;

 private:
  [[nodiscard]] Status add(const DirectionSpec& spec, const TrafficProfile& profile,
                           const Clock& clock);
  [[nodiscard]] std::uint64_t lost_beside(std::size_t i) const;

  Directions all_;
};

}  // namespace wireproof
