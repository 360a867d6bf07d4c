// One direction of a trial where both of its ends are in this process: a sender, a receiver unless
// nobody receives, and the live series of both.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/direction_spec.h"
#include "engine/receiver.h"
#include "engine/sender.h"
#include "stats/collector.h"
#include "traffic/profile.h"
#include "trial/reports.h"

namespace wireproof {

class Direction {
 public:
  // Devices and clock outlive it. Resolves the next hop where the profile names one. Fails with
  // kUsage or kPrecondition.
  [[nodiscard]] static Result<std::unique_ptr<Direction>> make(const DirectionSpec& spec,
                                                               const TrafficProfile& profile,
                                                               const Clock& clock);

  // Control thread, before the workers run: numbers and counters from 0.
  void start(const DirectionRun& run);
  // As those of its ends.
  void cut(Nanoseconds at) { sender_->cut(at); }
  void stop(Nanoseconds now, bool heard_out = true);

  // While workers run, control thread.
  [[nodiscard]] bool all_sent() const { return sender_->all_sent(); }
  [[nodiscard]] bool all_arrived() const;
  // The end of the waiting time; kNotYet until all is sent, and where nobody receives.
  [[nodiscard]] Nanoseconds late_after() const {
    return receiver_ ? receiver_->late_after().at() : kNotYet;
  }
  // About the longest that a frame was on its way, so far.
  [[nodiscard]] Nanoseconds longest_delay() const {
    return receiver_ ? receiver_->longest_delay() : 0;
  }
  // At least once in three seconds.
  void note_ages(Nanoseconds now);
  [[nodiscard]] Collector& collector() { return collector_; }
  // As of the last interval, which is the only one in it: offered, unique and the least that is
  // lost.
  [[nodiscard]] DirectionResult so_far() const;

  // After stop(): what each end found, without what its port's counters and its loops' gaps say,
  // which the caller knows. received() is absent where nobody receives.
  [[nodiscard]] SentReport sent() const;
  [[nodiscard]] std::optional<ReceivedReport> received() const;

  [[nodiscard]] const DirectionSpec& spec() const { return spec_; }
  [[nodiscard]] const SentHeaders& headers() const { return sender_->headers(); }
  [[nodiscard]] TxLoops tx_loops() const { return sender_->loops(); }
  [[nodiscard]] RxLoops rx_loops() const { return receiver_ ? receiver_->loops() : RxLoops(); }

 private:
  Direction(const DirectionSpec& spec, std::unique_ptr<Sender> sender)
      : spec_(spec), sender_(std::move(sender)), collector_({}, {}, spec.interval) {}

  DirectionSpec spec_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Receiver> receiver_;  // null: nobody receives
  Collector collector_;
};

}  // namespace wireproof
