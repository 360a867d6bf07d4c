// One worker's receiving loop over one receive queue: queue, analyzer.
#pragma once

#include <array>

#include "engine/end_of_sending.h"
#include "engine/step.h"
#include "io/backend.h"
#include "stats/cell.h"
#include "traffic/analyzer.h"

namespace wireproof {

class RxLoop final : public Step {
 public:
  // Queue, `late_after` and clock outlive the loop.
  RxLoop(RxQueue& queue, const AnalyzerSpec& analyzer, const LateAfter& late_after,
         const Clock& clock);

  // Control thread, while no worker runs it.
  void start(const AnalyzerStart& start);

  Nanoseconds run() override;

  [[nodiscard]] const Cell& cell() const { return cell_; }
  [[nodiscard]] const Analyzer& analyzer() const { return analyzer_; }
  // Of the late that were lost by it: those that nobody stamped, found at the first look after the
  // waiting time by a loop that had been kept from its core. They may have come before its end.
  [[nodiscard]] std::uint64_t late_unseen() const { return late_unseen_; }

 private:
  RxQueue& queue_;
  Analyzer analyzer_;
  const LateAfter& late_after_;
  const Clock& clock_;
  Cell cell_;
  Nanoseconds looked_ = 0;  // when the queue was last found to hold no more
  std::uint64_t late_unseen_ = 0;
  std::array<Frame*, Analyzer::kBurstMax> burst_{};
};

}  // namespace wireproof
