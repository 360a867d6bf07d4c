// The sending end of a direction: its loops, what they are asked for, and what they report.
#pragma once

#include <memory>
#include <vector>

#include "engine/end_of_sending.h"
#include "engine/stream.h"
#include "engine/summaries.h"
#include "engine/tx_loop.h"
#include "stats/collector.h"
#include "traffic/schedule.h"
#include "trial/reports.h"

namespace wireproof {

struct SenderSpec {
  Device* port = nullptr;
  unsigned queues = 1;
  TxStamp tx_stamp = TxStamp::kBurst;
  PacingMode pacing = PacingMode::kBurst;
  ScheduleKind schedule = ScheduleKind::kConstant;
  std::uint32_t burst_size = 1;
  std::optional<std::uint32_t> burst_room;  // PacerSpec::room, over all queues; absent: by the rate
  double unsent_ratio = 0;                  // of the intended, that may be left out
  Nanoseconds interval = kSecond;           // of the live series
};

class Sender {
 public:
  // The port, which is there, and the clock outlive it. Each queue sends a run of the stream's
  // spaces. Fails with kUsage.
  [[nodiscard]] static Result<std::unique_ptr<Sender>> make(const SenderSpec& spec,
                                                            const Stream& stream,
                                                            const Clock& clock);

  // Control thread, before the workers run: numbers and counters from 0. `receivers`: are told when
  // the last frame has left, where they are in this process; or null.
  void start(const StreamRun& run, LateAfter* receivers);
  // Control thread, while workers run: the loops end, and the schedule is asked for no more than
  // what was due at `at`.
  void cut(Nanoseconds at) { end_.cut(at); }
  // Control thread, after the workers have stopped.
  void stop(Nanoseconds now);

  // While workers run, control thread.
  [[nodiscard]] bool all_sent() const;
  // By this end's clock, once all is sent: what receivers elsewhere have to be told, in theirs.
  [[nodiscard]] std::optional<Nanoseconds> last_frame() const { return end_.last_frame(); }
  // Of each space, the numbers that have certainly been sent by now.
  [[nodiscard]] std::vector<std::uint64_t> numbers_so_far() const;

  // The live series. Control thread, at any time between start() and report().
  [[nodiscard]] Collector& series() { return series_; }
  [[nodiscard]] const Collector& series() const { return series_; }

  // After stop(): without what the port's counters and the loops' gaps say.
  [[nodiscard]] SentReport report() const;

  [[nodiscard]] const Device& port() const { return *spec_.port; }
  [[nodiscard]] const SentHeaders& headers() const { return told_; }
  [[nodiscard]] TxLoops loops() const { return loops_; }

 private:
  Sender(const SenderSpec& spec, const Stream& stream)
      : spec_(spec),
        told_(stream.told),
        stream_(stream.number),
        reverse_(stream.reverse),
        flows_(stream.profile.flows),
        spaces_(stream.spaces) {}

  [[nodiscard]] std::uint32_t first_space(std::size_t queue) const;
  // When frames were handed over, the first and the last; nothing where none was.
  struct Submits {
    Nanoseconds first = 0;
    Nanoseconds last = 0;
  };
  [[nodiscard]] std::optional<Submits> submits() const;

  SenderSpec spec_;
  SentHeaders told_;
  std::uint32_t stream_;
  bool reverse_;
  std::uint32_t flows_;
  std::uint32_t spaces_;
  EndOfSending end_;
  std::vector<std::unique_ptr<TxLoop>> loops_;
  Collector series_;
  Nanoseconds epoch_ = 0;
  bool scheduled_ = false;  // the current run has a rate
};

}  // namespace wireproof
