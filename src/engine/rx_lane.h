// What one stream gets of one receive queue: its analyzer, and what others may read meanwhile.
#pragma once

#include <span>

#include "engine/end_of_sending.h"
#include "stats/cell.h"
#include "traffic/analyzer.h"

namespace wireproof {

class RxLane {
 public:
  // `late_after` outlives the lane.
  RxLane(const AnalyzerSpec& analyzer, const LateAfter& late_after)
      : analyzer_(analyzer), late_after_(late_after) {}

  // Control thread, while no worker runs it.
  void start(const AnalyzerStart& start);

  // One burst, by the loop that polled it at `now`. `away`: since before the end of the waiting
  // time the loop was kept from its core.
  void take(std::span<Frame* const> frames, Nanoseconds now, Nanoseconds late_after, bool away) {
    if (away) [[unlikely]] {
      take_what_waited(frames, now, late_after);
    } else {
      analyzer_.take(frames, now, late_after);
    }
    cell_.received.store(analyzer_.counts().unique, std::memory_order_relaxed);
    cell_.lost.store(analyzer_.tracker().gaps_passed(), std::memory_order_relaxed);
    cell_.longest_delay.store(analyzer_.longest_delay(), std::memory_order_relaxed);
  }

  // When this stream's waiting time is over; kNotYet while it is being sent.
  [[nodiscard]] Nanoseconds late_after() const { return late_after_.at(); }

  [[nodiscard]] const Cell& cell() const { return cell_; }
  [[nodiscard]] const Analyzer& analyzer() const { return analyzer_; }
  // Of the late that were lost by it: those that nobody stamped, found at the first look after the
  // waiting time by a loop that had been kept from its core. They may have come before its end.
  [[nodiscard]] std::uint64_t late_unseen() const { return late_unseen_; }

 private:
  void take_what_waited(std::span<Frame* const> frames, Nanoseconds now, Nanoseconds late_after);

  Analyzer analyzer_;
  const LateAfter& late_after_;
  Cell cell_;
  std::uint64_t late_unseen_ = 0;
};

}  // namespace wireproof
