// How many frames may leave now, and when each of them was due. After a stall at most one burst is
// caught up, the latest deadlines, and the rest is skipped (counted as unsent), because a flood to
// catch up makes loss that nobody else caused: the burst is what the device's queue must hold.
//
// Worked case, 1 Mpps, burst 32, a stall of 100 us: 100 frames are due; 68 are skipped, 32 leave at
// once, and the next one is due 1 us later as if nothing had been.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "traffic/schedule.h"

namespace wireproof {

struct PacerSpec {
  Nanoseconds start = 0;
  Nanoseconds duration = 0;
  // Of all queues together; 0: as fast as possible until start + duration, without a schedule.
  double fps = 0;
  std::uint32_t burst = 32;  // 1..kBurstMax
  ScheduleKind schedule = ScheduleKind::kConstant;
  std::uint32_t burst_size = 1;  // of a bursty schedule, 1..kBurstMax; `burst` is no less
  std::uint64_t seed = 1;        // of a Poisson schedule
  std::uint32_t queue = 0;       // whose part of the schedule, < queues
  std::uint32_t queues = 1;
};

class Pacer {
 public:
  static constexpr std::uint32_t kBurstMax = 1024;

  explicit Pacer(const PacerSpec& spec);

  // The number of frames that may leave at `now`, at most one burst. What is granted and not taken
  // is granted again.
  std::uint32_t grant(Nanoseconds now) {
    if (now < spec_.start) return 0;
    if (!has_schedule()) return now < end_ ? spec_.burst : 0;
    if (schedule_.next() <= now) take_due(now);
    return tail_ - head_;
  }
  // Of the frames granted, oldest first. Nothing without a schedule.
  [[nodiscard]] std::span<const Nanoseconds> deadlines() const {
    return std::span(pending_).subspan(head_, tail_ - head_);
  }

  // The first `frames` of those granted have left.
  void sent(std::uint32_t frames) {
    sent_ += frames;
    if (has_schedule()) head_ += frames;
  }

  [[nodiscard]] bool has_schedule() const { return spec_.fps > 0; }
  // Nothing will be granted any more: the schedule is through, or the time is over and `grace` with
  // it, which lets the last burst into a full ring.
  [[nodiscard]] bool finished(Nanoseconds now) const {
    if (!has_schedule()) return now >= end_;
    return (head_ == tail_ && schedule_.next() == Schedule::kThrough) || now >= end_ + kGrace;
  }

  // When the next frame is due (in the past: now).
  [[nodiscard]] Nanoseconds next_deadline() const {
    if (!has_schedule()) return spec_.start;
    return head_ == tail_ ? schedule_.next() : pending_[head_];
  }

  // What the schedule asked for until `now`: all of it, or, when interrupted, what was due.
  [[nodiscard]] std::uint64_t intended(Nanoseconds now) const {
    if (!has_schedule()) return sent_;
    return schedule_.popped() + schedule_.due(std::min(now, end_));
  }
  [[nodiscard]] std::uint64_t sent_so_far() const { return sent_; }
  // The furthest that a frame which was skipped was behind; those sent tell their own lag.
  [[nodiscard]] Nanoseconds skipped_lag_max() const { return skipped_lag_max_; }
  [[nodiscard]] std::uint64_t stalls() const { return stalls_; }
  // The mean of this queue, queues / rate; 0 without a schedule.
  [[nodiscard]] double gap_ns() const { return has_schedule() ? schedule_.gap_ns() : 0; }

 private:
  static constexpr Nanoseconds kGrace = 2 * kMillisecond;

  // Moves what is due from the schedule to pending_, the oldest out of it where there is no room.
  void take_due(Nanoseconds now);
  void fill_up(Nanoseconds now);
  void skip(std::uint64_t frames, Nanoseconds now);

  PacerSpec spec_;
  Nanoseconds end_;
  Schedule schedule_;
  // Due and not sent: [head_, tail_), never more than one burst; moved to the front when there is
  // no room for one more behind it.
  std::array<Nanoseconds, 2 * kBurstMax> pending_{};
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
  std::uint64_t sent_ = 0;
  Nanoseconds skipped_lag_max_ = 0;
  std::uint64_t stalls_ = 0;
};

}  // namespace wireproof
