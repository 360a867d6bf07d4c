// One worker's receiving loop over one receive queue: what it polls goes to the lane of the stream
// that it is of.
#pragma once

#include <array>
#include <vector>

#include "engine/rx_lane.h"
#include "engine/step.h"
#include "io/backend.h"

namespace wireproof {

class RxLoop final : public Step {
 public:
  // The first stream's lane is its own. Queue, `late_after` and clock outlive the loop.
  RxLoop(RxQueue& queue, const AnalyzerSpec& analyzer, const LateAfter& late_after,
         const Clock& clock)
      : queue_(queue), first_(analyzer, late_after), clock_(clock) {}

  // Control thread, before the first start(): of another stream, which outlives the loop. What
  // bears no stream's number is counted by the first lane to whose addresses it was sent.
  void add(RxLane& lane) {
    others_.push_back(&lane);
    several_ = true;
  }

  // Control thread, while no worker runs it; the lanes of other streams are started by themselves.
  void start(const AnalyzerStart& start) {
    looked_ = 0;
    first_.start(start);
  }

  Nanoseconds run() override;

  // Of the first stream.
  [[nodiscard]] RxLane& lane() { return first_; }
  [[nodiscard]] const RxLane& lane() const { return first_; }

 private:
  Nanoseconds run_several();
  [[nodiscard]] Nanoseconds ends_first() const;
  void deal(std::span<Frame* const> frames, Nanoseconds now, Nanoseconds away_since);
  [[nodiscard]] RxLane& lane_of(const Frame& frame);
  [[nodiscard]] RxLane& lane_of(const Signature& signature);

  RxQueue& queue_;
  RxLane first_;
  bool several_ = false;
  std::vector<RxLane*> others_;  // of further streams; hardly ever any
  const Clock& clock_;
  Nanoseconds looked_ = 0;  // when the queue was last found to hold no more
  std::array<Frame*, Analyzer::kBurstMax> burst_{};
};

}  // namespace wireproof
