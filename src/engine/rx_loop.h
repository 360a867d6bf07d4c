// One worker's receiving loop over one receive queue: queue, analyzer.
#pragma once

#include <array>

#include "engine/last_call.h"
#include "engine/step.h"
#include "io/backend.h"
#include "stats/cell.h"
#include "traffic/analyzer.h"

namespace wireproof {

class RxLoop final : public Step {
 public:
  // Queue, call and clock outlive the loop. `call` says when frames are late.
  RxLoop(RxQueue& queue, const AnalyzerSpec& analyzer, const LastCall& call, const Clock& clock);

  // Control thread, while no worker runs it.
  void start(const AnalyzerStart& start);

  Nanoseconds run() override;

  [[nodiscard]] const Cell& cell() const { return cell_; }
  [[nodiscard]] const Analyzer& analyzer() const { return analyzer_; }

 private:
  RxQueue& queue_;
  Analyzer analyzer_;
  const LastCall& call_;
  const Clock& clock_;
  Cell cell_;
  std::array<Frame*, Analyzer::kBurstMax> burst_{};
};

}  // namespace wireproof
