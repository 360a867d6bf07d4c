// The sending end of a direction: its loops, what they are asked for, and what they report.
#pragma once

#include <memory>
#include <vector>

#include "engine/direction_spec.h"
#include "engine/end_of_sending.h"
#include "engine/summaries.h"
#include "engine/tx_loop.h"
#include "packet/test_frame.h"
#include "traffic/profile.h"
#include "trial/reports.h"

namespace wireproof {

class Sender {
 public:
  // The device and the clock outlive it; spec.from is there. `headers`: of the frames of the first
  // flow; `spaces`: sequence spaces, of which each queue sends a run. Fails with kUsage.
  [[nodiscard]] static Result<std::unique_ptr<Sender>> make(const DirectionSpec& spec,
                                                            const TrafficProfile& profile,
                                                            const HeaderSpec& headers,
                                                            std::uint32_t spaces,
                                                            const Clock& clock);

  // Control thread, before the workers run: numbers and counters from 0. `receivers`: are told when
  // the last frame has left, where they are in this process; or null.
  void start(const DirectionRun& run, LateAfter* receivers);
  // Control thread, while workers run: the loops end, and the schedule is asked for no more than
  // what was due at `at`.
  void cut(Nanoseconds at) { end_.cut(at); }
  // Control thread, after the workers have stopped.
  void stop(Nanoseconds now);

  // While workers run, control thread.
  [[nodiscard]] bool all_sent() const;
  // Of each space, the numbers that have certainly been sent by now.
  [[nodiscard]] std::vector<std::uint64_t> numbers_so_far() const;

  // After stop(): without the live series, and what the port's counters and the loops' gaps say.
  [[nodiscard]] SentReport report() const;

  [[nodiscard]] const SentHeaders& headers() const { return headers_; }
  [[nodiscard]] TxLoops loops() const { return loops_; }

 private:
  Sender(const DirectionSpec& spec, SentHeaders headers, std::uint32_t flows, std::uint32_t spaces)
      : spec_(spec), headers_(std::move(headers)), flows_(flows), spaces_(spaces) {}

  [[nodiscard]] std::uint32_t first_space(std::size_t queue) const;
  [[nodiscard]] Nanoseconds tx_duration() const;

  DirectionSpec spec_;
  SentHeaders headers_;
  std::uint32_t flows_;
  std::uint32_t spaces_;
  EndOfSending end_;
  std::vector<std::unique_ptr<TxLoop>> loops_;
  bool scheduled_ = false;  // the current run has a rate
};

}  // namespace wireproof
