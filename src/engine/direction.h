// One stream of one direction of a trial where both of its ends are in this process: a sender, a
// receiver unless nobody receives, and the live series of both.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/receiver.h"
#include "engine/sender.h"
#include "traffic/profile.h"
#include "trial/reports.h"

namespace wireproof {

struct DirectionSpec {
  SenderSpec sender;
  ReceiverSpec receiver;      // without a port: nobody receives
  bool reverse = false;       // addresses exchanged, direction bit set
  std::uint32_t stream = 0;   // of several between these ports, below kStreamsMax
  std::optional<double> fps;  // its own; absent: the run's
};

class Direction {
 public:
  // Ports and clock outlive it. Resolves the next hop where the profile names one. Fails with
  // kUsage or kPrecondition.
  [[nodiscard]] static Result<std::unique_ptr<Direction>> make(const DirectionSpec& spec,
                                                               const TrafficProfile& profile,
                                                               const Clock& clock);

  // Control thread, before the workers run: numbers and counters from 0.
  void start(StreamRun run);
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
  // Of both series at once: true when an interval was closed.
  bool sample(Nanoseconds now);
  bool finish_interval(Nanoseconds now);
  [[nodiscard]] CellSample total() const;
  // As of the last interval, which is the only one in it: offered, unique and the least that is
  // lost.
  [[nodiscard]] DirectionResult so_far() const;

  // After stop(): what each end found, without what its port's counters and its loops' gaps say,
  // which the caller knows. received() is absent where nobody receives.
  [[nodiscard]] SentReport sent() const { return sender_->report(); }
  [[nodiscard]] std::optional<ReceivedReport> received() const;

  [[nodiscard]] bool reverse() const { return spec_.reverse; }
  [[nodiscard]] std::uint32_t stream() const { return spec_.stream; }
  [[nodiscard]] Device& from() const { return *spec_.sender.port; }
  [[nodiscard]] Device* to() const { return spec_.receiver.port; }  // null: nobody receives
  [[nodiscard]] const SentHeaders& headers() const { return sender_->headers(); }
  [[nodiscard]] TxLoops tx_loops() const { return sender_->loops(); }
  // Of several streams those of the first serve all.
  [[nodiscard]] RxLoops rx_loops() const { return receiver_ ? receiver_->loops() : RxLoops(); }
  [[nodiscard]] RxLanes rx_lanes() const { return receiver_ ? receiver_->lanes() : RxLanes(); }
  [[nodiscard]] Receiver* receiver() const { return receiver_.get(); }  // null: nobody receives

 private:
  Direction(const DirectionSpec& spec, std::unique_ptr<Sender> sender)
      : spec_(spec), sender_(std::move(sender)) {}

  DirectionSpec spec_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Receiver> receiver_;  // null: nobody receives
};

using Directions = std::vector<std::unique_ptr<Direction>>;

}  // namespace wireproof
