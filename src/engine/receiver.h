// The receiving end of a direction: its loops, what they expect, and what they report.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/age_limit.h"
#include "engine/direction_spec.h"
#include "engine/end_of_sending.h"
#include "engine/rx_loop.h"
#include "engine/summaries.h"
#include "packet/test_frame.h"
#include "traffic/profile.h"
#include "trial/reports.h"

namespace wireproof {

class Receiver {
 public:
  // The device and the clock outlive it; spec.to is there. `headers` and `spaces`: the sender's.
  Receiver(const DirectionSpec& spec, const TrafficProfile& profile, const HeaderSpec& headers,
           std::uint32_t spaces, const Clock& clock);

  // Control thread, before the workers run: counters from 0, and frames of this run are expected.
  void start(const DirectionRun& run);
  // Control thread, after the workers have stopped. `heard_out`: they ran until every frame had
  // come or was late; otherwise nobody can say where those that are missing were.
  void stop(bool heard_out) { heard_out_ = heard_out; }

  // While workers run. The sender's end is told to it by whoever learns it first.
  [[nodiscard]] LateAfter& late_after() { return late_after_; }
  [[nodiscard]] const LateAfter& late_after() const { return late_after_; }
  // Control thread: whether it wants to know how far the sender is, which it does about once a
  // second in a run so long that frames may be too old; at least once in three seconds then.
  [[nodiscard]] bool asks_for_numbers(Nanoseconds now) const {
    return aging_ && ages_.note_is_due(now);
  }
  void note_numbers(Nanoseconds now, std::span<const std::uint64_t> sent_per_space) {
    ages_.note(now, sent_per_space);
  }
  // About the longest that a frame was on its way, so far.
  [[nodiscard]] Nanoseconds longest_delay() const;

  // After stop(): without the live series, and what the port's counters and the loops' gaps say.
  [[nodiscard]] ReceivedReport report() const;

  [[nodiscard]] RxLoops loops() const { return loops_; }

 private:
  // Where the port may have put frames of one space out of order; empty: it cannot have.
  [[nodiscard]] std::string order_note() const;
  [[nodiscard]] std::string readdressed_to() const;
  void see_spaces(ReceivedReport& report) const;
  [[nodiscard]] Nanoseconds least_delay() const;

  DirectionSpec spec_;
  std::uint32_t flows_;
  std::uint32_t spaces_;
  LateAfter late_after_;
  AgeLimit ages_;
  std::vector<std::unique_ptr<RxLoop>> loops_;
  bool heard_out_ = true;
  bool scheduled_ = false;     // the current run has a rate
  bool aging_ = false;         // it lasts so long that frames may be too old
  Nanoseconds reference_ = 0;  // AnalyzerStart's
};

}  // namespace wireproof
