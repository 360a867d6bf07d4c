#include "engine/rx_loop.h"

#include <span>

namespace wireproof {

RxLoop::RxLoop(RxQueue& queue, const AnalyzerSpec& analyzer, const LastCall& call,
               const Clock& clock)
    : queue_(queue), analyzer_(analyzer), call_(call), clock_(clock) {}

void RxLoop::start(const AnalyzerStart& start) {
  analyzer_.start(start);
  cell_.received.store(0, std::memory_order_relaxed);
  cell_.lost.store(0, std::memory_order_relaxed);
  cell_.longest_delay.store(0, std::memory_order_relaxed);
}

Nanoseconds RxLoop::run() {
  const std::span<Frame*> arrived(burst_.data(), queue_.poll(burst_));
  if (arrived.empty()) return Step::kWhenever;
  analyzer_.take(arrived, clock_.now(), call_.late_after());
  queue_.release(arrived);
  cell_.received.store(analyzer_.counts().unique, std::memory_order_relaxed);
  cell_.lost.store(analyzer_.tracker().gaps_passed(), std::memory_order_relaxed);
  cell_.longest_delay.store(analyzer_.longest_delay(), std::memory_order_relaxed);
  return Step::kBusy;
}

}  // namespace wireproof
