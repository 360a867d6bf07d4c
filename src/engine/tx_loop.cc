#include "engine/tx_loop.h"

#include <algorithm>
#include <span>

namespace wireproof {
namespace {

// How long completions may take after the last frame; a device that takes longer keeps its frames,
// and what it did with them is in its counters.
constexpr Nanoseconds kDrainMax = 200 * kMillisecond;

}  // namespace

TxLoop::TxLoop(TxQueue& queue, Generator generator, const Clock& clock, TxStamp stamp)
    : queue_(queue),
      generator_(std::move(generator)),
      clock_(clock),
      stamp_(stamp),
      pacer_(PacerSpec{}) {}

void TxLoop::start(const PacerSpec& pacer, std::uint16_t trial_id, Nanoseconds epoch) {
  pacer_ = Pacer(pacer);
  generator_.start(trial_id, epoch);
  intended_ = 0;
  first_submit_ = last_submit_ = drain_until_ = 0;
  span_max_ = round_began_ = 0;
  cell_.offered.store(0, std::memory_order_relaxed);
  cell_.finished.store(false, std::memory_order_relaxed);
}

void TxLoop::stop(Nanoseconds now) {
  if (drain_until_ == 0) intended_ = pacer_.intended(now);
  queue_.give_back(std::span(held_.data(), held_count_));
  held_count_ = 0;
  queue_.reap();
}

Nanoseconds TxLoop::run() {
  const Nanoseconds now = clock_.now();
  if (drain_until_ != 0) return drain(now);
  // From the reading that a round's frames bear to the next: the last of them left in between.
  if (round_began_ != 0) span_max_ = std::max(span_max_, now - round_began_);
  round_began_ = 0;
  if (!pacer_.finished(now)) {
    const std::uint32_t granted = std::min(pacer_.grant(now), kRoundMax);
    if (granted == 0) return pacer_.next_deadline();
    send(granted, now);
    round_began_ = now;
    return Step::kBusy;
  }
  intended_ = pacer_.intended(now);
  drain_until_ = now + kDrainMax;
  return Step::kBusy;
}

void TxLoop::send(std::uint32_t frames, Nanoseconds now) {
  if (held_count_ < frames) {
    const std::span room(held_.data() + held_count_, frames - held_count_);
    const std::size_t borrowed = queue_.borrow(room);
    held_count_ += static_cast<std::uint32_t>(borrowed);
    if (borrowed < room.size()) queue_.reap();  // for the next round
    if (held_count_ == 0) return;
  }
  const std::span burst(held_.data(), std::min(frames, held_count_));
  stamp(burst, now);
  const std::size_t accepted = queue_.submit(burst);
  if (accepted < burst.size()) {
    generator_.rewind_to(accepted);
    queue_.reap();
  }
  if (accepted == 0) return;
  std::copy(held_.begin() + static_cast<std::ptrdiff_t>(accepted), held_.begin() + held_count_,
            held_.begin());
  held_count_ -= static_cast<std::uint32_t>(accepted);
  pacer_.sent(accepted);
  if (first_submit_ == 0) first_submit_ = now;
  last_submit_ = now;
  cell_.offered.store(pacer_.sent_so_far(), std::memory_order_relaxed);
}

void TxLoop::stamp(std::span<Frame* const> burst, Nanoseconds now) {
  generator_.begin_burst();
  if (stamp_ == TxStamp::kBurst) {
    generator_.fill(burst, now);
    return;
  }
  for (Frame* const& frame : burst) generator_.fill({&frame, 1}, clock_.now());
}

Nanoseconds TxLoop::drain(Nanoseconds now) {
  if (cell_.finished.load(std::memory_order_relaxed)) return Step::kWhenever;
  if (queue_.reap() == 0 || now >= drain_until_) {
    cell_.finished.store(true, std::memory_order_release);
    return Step::kWhenever;
  }
  return Step::kBusy;
}

}  // namespace wireproof
