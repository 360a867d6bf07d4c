// The measurer that sends real frames: threads, cores, phases. One trial is warm-up (under a trial
// id of its own), counted traffic on absolute deadlines, waiting for what is in flight, fold,
// verdict.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/core_plan.h"
#include "engine/silence_watch.h"
#include "engine/trial_streams.h"
#include "engine/verdict.h"
#include "engine/worker.h"
#include "trial/measurer.h"

namespace wireproof {

// Called by the control thread after each interval of the counted traffic.
using IntervalObserver = std::function<void(const DirectionResult& direction_so_far)>;

class PacketMeasurer final : public Measurer {
 public:
  // Devices, clock and `interrupted` outlive it. `interrupted` may be set by a signal handler.
  // Fails with kPrecondition also where the arrival logs would take more memory than there is;
  // those are of the first stream alone.
  [[nodiscard]] static Result<std::unique_ptr<PacketMeasurer>> make(
      const PacketTrialSpec& spec, const TrafficProfile& profile, const PortPair& ports,
      const CorePlan& cores, const Clock& clock, const std::atomic<bool>& interrupted,
      IntervalObserver observer, const std::vector<StreamBeside>& beside = {});

  [[nodiscard]] Result<TrialResult> measure(const TrialSpec& spec) override;

  // Called by the control thread, early, with a sentence: nothing comes back. Also a note of the
  // result.
  void on_silence(std::function<void(const std::string&)> tell) {
    silence_.on_silence(std::move(tell));
  }

  // Before measure(): what runs the loops, where it is not threads.
  void run_on(MakeWorkers make) { make_workers_ = std::move(make); }

  // After measure(), where log_frames asked for it: rows of the arrival log. Fails with kOutput.
  [[nodiscard]] Status write_arrivals(std::uint64_t trial, std::FILE* file,
                                      const std::string& name) const {
    return streams_.write_arrivals(trial, file, name);
  }

 private:
  PacketMeasurer(const PacketTrialSpec& spec, TrialStreams streams, const CorePlan& cores,
                 const Clock& clock, const std::atomic<bool>& interrupted,
                 IntervalObserver observer)
      : spec_(spec),
        streams_(std::move(streams)),
        cores_(cores),
        clock_(clock),
        interrupted_(interrupted),
        observer_(std::move(observer)) {}

  [[nodiscard]] Result<TrialResult> run_trial(const TrialSpec& spec);
  // Learning frames, and the time that they take to arrive.
  [[nodiscard]] Status warm_up(const TrialSpec& spec, double fps);
  // Returns the epoch. Fails (kPrecondition) when the threads cannot be started.
  [[nodiscard]] Result<Nanoseconds> run_phase(StreamRun run, bool counted);
  // Until `duration` has passed since `epoch` and everything is sent. What cut it short goes into
  // cut_at_ and heard_out_: interrupted, a link down, a port gone.
  void supervise(const StreamRun& run, bool counted);
  // Senders end now.
  void cut_short(Nanoseconds end);
  // Once a turn of the control thread, while workers run.
  void attend(bool counted);
  // Closes the last interval, where anything has passed since the one before.
  void finish_interval(Direction& direction, Nanoseconds now, bool counted);
  void tell(const Direction& direction, bool counted);
  // Until the waiting time of each direction is over, and beyond it for frames that are known to
  // be late, or until all have come where that is enough.
  void wait_for_stragglers(bool counted);
  [[nodiscard]] Nanoseconds late_for() const;

  PacketTrialSpec spec_;
  TrialStreams streams_;
  CorePlan cores_;
  const Clock& clock_;
  const std::atomic<bool>& interrupted_;
  IntervalObserver observer_;
  // Takes over what the workers noted in the counted traffic: by direction, of the cores that
  // sent, and of those that received.
  void keep_preemptions(const Workers& group, const std::vector<WorkerSpec>& specs,
                        Nanoseconds epoch);

  MakeWorkers make_workers_;  // empty: threads
  SilenceWatch silence_;
  std::vector<PreemptionSummary> tx_preemptions_, rx_preemptions_;  // by direction
  std::optional<Nanoseconds> cut_at_;  // of the phase: when sending was cut short
  bool heard_out_ = true;              // of the phase: receivers listened until every frame was due
};

}  // namespace wireproof
