#include "engine/rx_loop.h"

#include <span>

namespace wireproof {
namespace {

// From one look at the queue to the next: what comes meanwhile is stamped too late by less.
constexpr Nanoseconds kAway = kMillisecond;

}  // namespace

RxLoop::RxLoop(RxQueue& queue, const AnalyzerSpec& analyzer, const LateAfter& late_after,
               const Clock& clock)
    : queue_(queue), analyzer_(analyzer), late_after_(late_after), clock_(clock) {}

void RxLoop::start(const AnalyzerStart& start) {
  analyzer_.start(start);
  looked_ = 0;
  late_unseen_ = 0;
  cell_.received.store(0, std::memory_order_relaxed);
  cell_.lost.store(0, std::memory_order_relaxed);
  cell_.longest_delay.store(0, std::memory_order_relaxed);
}

Nanoseconds RxLoop::run() {
  const Nanoseconds late_after = late_after_.at();
  const Nanoseconds looking = late_after == kNotYet ? looked_ : clock_.now();
  const std::span<Frame*> arrived(burst_.data(), queue_.poll(burst_));
  const bool away = looked_ <= late_after && looking - looked_ >= kAway;
  const bool emptied = arrived.size() < burst_.size();
  if (emptied) looked_ = looking;
  if (arrived.empty()) return Step::kWhenever;
  const Nanoseconds now = clock_.now();
  const std::uint64_t late = analyzer_.counts().late_lost;
  const bool stamped = arrived.front()->stamp != 0;
  analyzer_.take(arrived, now, late_after);
  if (away && !stamped) late_unseen_ += analyzer_.counts().late_lost - late;
  if (emptied && late_after == kNotYet) looked_ = now;
  queue_.release(arrived);
  cell_.received.store(analyzer_.counts().unique, std::memory_order_relaxed);
  cell_.lost.store(analyzer_.tracker().gaps_passed(), std::memory_order_relaxed);
  cell_.longest_delay.store(analyzer_.longest_delay(), std::memory_order_relaxed);
  return Step::kBusy;
}

}  // namespace wireproof
