// One direction of a trial: who sends, who receives, and what their loops found.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/age_limit.h"
#include "engine/last_call.h"
#include "engine/rx_loop.h"
#include "engine/tx_loop.h"
#include "io/backend.h"
#include "stats/collector.h"
#include "traffic/profile.h"
#include "trial/reports.h"

namespace wireproof {

struct DirectionSpec {
  Device* from = nullptr;
  Device* to = nullptr;  // null: nobody receives
  bool reverse = false;  // addresses exchanged, direction bit set
  unsigned queues = 1;
  Nanoseconds waiting_time = 500 * kMillisecond;
  std::uint32_t delay_every = 1;
  TxStamp tx_stamp = TxStamp::kBurst;
  PacingMode pacing = PacingMode::kBurst;
  ScheduleKind schedule = ScheduleKind::kConstant;
  std::uint32_t burst_size = 1;
  std::optional<std::uint32_t> burst_room;  // PacerSpec::room, over all queues; absent: by the rate
  double unsent_ratio = 0;                  // of the intended, that may be left out
  std::size_t log_frames = 0;
  Nanoseconds interval = kSecond;
};

class Direction {
 public:
  // Devices and clock outlive it. Resolves the next hop where the profile names one. Fails with
  // kUsage or kPrecondition.
  [[nodiscard]] static Result<std::unique_ptr<Direction>> make(const DirectionSpec& spec,
                                                               const TrafficProfile& profile,
                                                               const Clock& clock);

  // Control thread, before the workers run: numbers and counters from 0.
  void start(double fps, Nanoseconds duration, std::uint32_t burst, std::uint16_t trial_id,
             Nanoseconds epoch);
  // Control thread, while workers run: the senders end, and the schedule is asked for no more than
  // what was due at `at`.
  void cut(Nanoseconds at) { call_.cut(at); }
  // Control thread, after the workers have stopped. `heard_out`: the receivers ran until every
  // frame had come or was late; otherwise nobody can say where those that are missing were.
  void stop(Nanoseconds now, bool heard_out = true);

  // While workers run, control thread.
  [[nodiscard]] bool all_sent() const;
  [[nodiscard]] bool all_arrived() const;
  // The end of the waiting time; LastCall::kNever until all is sent.
  [[nodiscard]] Nanoseconds late_after() const { return call_.late_after(); }
  // About the longest that a frame was on its way, so far.
  [[nodiscard]] Nanoseconds longest_delay() const;
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
  [[nodiscard]] const SentHeaders& headers() const { return headers_; }
  [[nodiscard]] std::vector<std::unique_ptr<TxLoop>>& tx_loops() { return tx_; }
  [[nodiscard]] std::vector<std::unique_ptr<RxLoop>>& rx_loops() { return rx_; }

 private:
  Direction(const DirectionSpec& spec, std::uint32_t flows, std::uint32_t spaces)
      : spec_(spec),
        flows_(flows),
        spaces_(spaces),
        ages_(spaces),
        collector_({}, {}, spec.interval) {}

  Status make_tx_loops(const TrafficProfile& profile, const HeaderSpec& headers,
                       const Clock& clock);
  void make_rx_loops(const TrafficProfile& profile, const HeaderSpec& headers, const Clock& clock);
  [[nodiscard]] ReceiveCounts arrived() const;
  [[nodiscard]] std::string readdressed_to() const;
  // Where the receiver may have put frames of one space out of order; empty: it cannot have.
  [[nodiscard]] std::string order_note() const;
  void see_spaces(ReceivedReport& report) const;
  [[nodiscard]] Nanoseconds least_delay() const;
  [[nodiscard]] Nanoseconds tx_duration() const;
  [[nodiscard]] std::uint32_t first_space(std::size_t queue) const;

  DirectionSpec spec_;
  SentHeaders headers_;
  std::uint32_t flows_;
  std::uint32_t spaces_;
  LastCall call_;
  AgeLimit ages_;
  std::vector<std::unique_ptr<TxLoop>> tx_;
  std::vector<std::unique_ptr<RxLoop>> rx_;
  Collector collector_;
  bool heard_out_ = true;
  bool scheduled_ = false;     // the current run has a rate
  bool aging_ = false;         // it lasts so long that frames may be too old
  Nanoseconds reference_ = 0;  // AnalyzerStart's
};

// What a port must let through for these frames to reach it, either way.
[[nodiscard]] Result<Steering> steering_for(const TrafficProfile& profile);

}  // namespace wireproof
