#include "engine/tx_loop.h"

#include <algorithm>
#include <span>

namespace wireproof {
namespace {

// How long completions may take after the last frame; a device that takes longer keeps its frames,
// and what it did with them is in its counters.
constexpr Nanoseconds kDrainMax = 200 * kMillisecond;

// Longer than that takes, and too short for what it warmed to grow cold.
constexpr Nanoseconds kWarmBefore = kMicrosecond;

}  // namespace

TxLoop::TxLoop(TxQueue& queue, Generator generator, const Clock& clock, TxStamp stamp,
               PacingMode mode)
    : queue_(queue),
      generator_(std::move(generator)),
      clock_(clock),
      stamp_(stamp),
      round_max_(mode == PacingMode::kPrecise ? 1 : kRoundMax),
      pacer_(PacerSpec{}) {}

void TxLoop::start(const PacerSpec& pacer, std::uint16_t trial_id, Nanoseconds epoch,
                   EndOfSending& end) {
  end_ = &end;
  pacer_ = Pacer(pacer);
  generator_.start(trial_id, epoch);
  intended_ = 0;
  first_submit_ = last_submit_ = drain_until_ = 0;
  span_max_ = round_began_ = 0;
  last_stamp_ = 0;
  lateness_codes_.fill(0);
  lateness_.clear();
  gaps_.clear();
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
  const Nanoseconds cut_at = end_->cut_at();
  if (!pacer_.finished(now) && now < cut_at) {
    const std::uint32_t granted = std::min(pacer_.grant(now), round_max_);
    if (granted == 0) {
      const Nanoseconds next = pacer_.next_deadline();
      if (round_max_ == 1 && !cache_warmed_ && next - now < kWarmBefore) warm_cache(now);
      return next;
    }
    send(granted, now);
    round_began_ = now;
    return Step::kBusy;
  }
  intended_ = pacer_.intended(std::min(now, cut_at));
  drain_until_ = now + kDrainMax;
  end_->ended(last_submit_);
  return Step::kBusy;
}

void TxLoop::send(std::uint32_t frames, Nanoseconds now) {
  cache_warmed_ = false;
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
  record_departures(accepted);
  pacer_.sent(static_cast<std::uint32_t>(accepted));
  if (first_submit_ == 0) first_submit_ = now;
  last_submit_ = now;
  cell_.offered.store(pacer_.sent_so_far(), std::memory_order_relaxed);
}

// The frame is borrowed and made as it will be, and made again at its deadline: by then what does
// so is in the core's caches, after microseconds in which nothing but the clock was read.
void TxLoop::warm_cache(Nanoseconds now) {
  cache_warmed_ = true;
  if (held_count_ == 0) held_count_ = static_cast<std::uint32_t>(queue_.borrow({held_.data(), 1}));
  if (held_count_ == 0) return;
  stamp({held_.data(), 1}, now);
  generator_.rewind_to(0);
}

void TxLoop::stamp(std::span<Frame* const> burst, Nanoseconds now) {
  generator_.begin_burst(pacer_.catching_up());
  const std::span<const Nanoseconds> due = pacer_.deadlines();  // empty without a schedule
  if (stamp_ == TxStamp::kBurst) {
    std::fill_n(stamps_.begin(), burst.size(), now);
    for (std::size_t i = 0; i < std::min(due.size(), burst.size()); ++i) {
      lateness_codes_[i] = encode_lateness(now - due[i]);
    }
    generator_.fill(burst, now, lateness_codes_.data());
    return;
  }
  for (std::size_t i = 0; i < burst.size(); ++i) {
    stamps_[i] = clock_.now();
    if (!due.empty()) lateness_codes_[i] = encode_lateness(stamps_[i] - due[i]);
    generator_.fill(burst.subspan(i, 1), stamps_[i], &lateness_codes_[i]);
  }
}

// Before the pacer is told, which then forgets their deadlines.
void TxLoop::record_departures(std::size_t accepted) {
  const std::span<const Nanoseconds> due = pacer_.deadlines();
  for (std::size_t i = 0; i < std::min(due.size(), accepted); ++i)
    lateness_.record(stamps_[i] - due[i]);
  if (last_stamp_ != 0) gaps_.record(stamps_[0] - last_stamp_);
  if (stamp_ == TxStamp::kFrame) {
    for (std::size_t i = 1; i < accepted; ++i) gaps_.record(stamps_[i] - stamps_[i - 1]);
  } else if (accepted > 1) {
    gaps_.record(0, accepted - 1);
  }
  last_stamp_ = stamps_[accepted - 1];
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
