#include "engine/rx_lane.h"

namespace wireproof {

void RxLane::start(const AnalyzerStart& start) {
  analyzer_.start(start);
  late_unseen_ = 0;
  cell_.received.store(0, std::memory_order_relaxed);
  cell_.lost.store(0, std::memory_order_relaxed);
  cell_.longest_delay.store(0, std::memory_order_relaxed);
}

[[gnu::noinline]] void RxLane::take_what_waited(std::span<Frame* const> frames, Nanoseconds now,
                                                Nanoseconds late_after) {
  const std::uint64_t late = analyzer_.counts().late_lost;
  const bool stamped = frames.front()->stamp != 0;
  analyzer_.take(frames, now, late_after);
  if (!stamped) late_unseen_ += analyzer_.counts().late_lost - late;
}

}  // namespace wireproof
