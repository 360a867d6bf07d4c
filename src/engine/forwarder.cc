#include "engine/forwarder.h"

#include <algorithm>

namespace wireproof {
namespace {

// Rounds without a frame before the first nap. A round costs a fraction of a microsecond, so this
// covers the gap between two bursts of a fast sender without giving the core away.
constexpr unsigned kEmptyRounds = 16;
// At 200 kpps ten frames gather in a nap: cheap for the core, and far from filling a ring.
constexpr Nanoseconds kIdleNap = 50 * kMicrosecond;
// Waking costs some 5 us of the core: shorter naps would be spinning under another name.
constexpr Nanoseconds kShortestNap = 10 * kMicrosecond;

}  // namespace

Forwarder::Forwarder(Device& a, Device& b, const ForwarderSpec& spec, const Clock& clock,
                     ForwardLog* log)
    : clock_(clock),
      spec_(spec),
      a_to_b_(a.rx_queue(0), b.tx_queue(0), spec.a_to_b, log),
      b_to_a_(b.rx_queue(0), a.tx_queue(0), spec.b_to_a, log) {}

std::size_t Forwarder::step() {
  return a_to_b_.round(clock_) + b_to_a_.round(clock_);
}

void Forwarder::idle() {
  const Nanoseconds now = clock_.now();
  const Nanoseconds due = std::min(a_to_b_.next_departure(), b_to_a_.next_departure());
  clock_.sleep_until(std::min(now + kIdleNap, std::max(due, now + kShortestNap)));
}

Nanoseconds Forwarder::run(const std::atomic<bool>& stop, Nanoseconds duration) {
  const Nanoseconds start = clock_.now();
  unsigned empty_rounds = 0;
  Nanoseconds now = start;
  while (!stop.load(std::memory_order_relaxed) && (duration == 0 || now - start < duration)) {
    empty_rounds = step() > 0 ? 0 : empty_rounds + 1;
    if (empty_rounds > kEmptyRounds && spec_.idle == IdlePolicy::kSleep) idle();
    now = clock_.now();
  }
  const bool stopped = stop.load(std::memory_order_relaxed);
  finish_within(stopped ? spec_.stop_time : spec_.drain_time);
  return now - start;
}

void Forwarder::finish_within(Nanoseconds patience) {
  const Nanoseconds deadline = clock_.now() + patience;
  while (!(a_to_b_.empty() && b_to_a_.empty())) {
    // Asked before: what is due by then leaves, however late this thread is.
    const bool over = clock_.now() >= deadline;
    if (a_to_b_.drain(clock_) + b_to_a_.drain(clock_) > 0) continue;
    if (over) break;
    idle();
  }
  a_to_b_.abandon();
  b_to_a_.abandon();
}

}  // namespace wireproof
