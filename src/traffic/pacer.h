// How many frames may leave now, and when each of them was due. After a stall at most one burst is
// caught up, the latest deadlines, and the rest is skipped (counted as unsent), because a flood to
// catch up makes loss that nobody else caused.
//
// Worked case, 1 Mpps, burst 32, a stall of 100 us: 100 frames are due; 68 are skipped, 32 leave at
// once, and the next one is due 1 us later as if nothing had been.
//
// `room` is what any device is taken to hold. A burst of more frames is beyond the schedule: the
// frames in it and right behind it are marked (catching_up()), for what a device loses of them says
// nothing of the load that was asked. As long as no more than `spare` frames are left out, a stall
// is not caught up beyond `room`: a valid trial may leave out that many, and then every frame says
// something.
//
// Why marks end. A device that carries the load, C >= R frames a second with room for r frames,
// loses nothing to a sender that is never more than r frames behind, however often: the time that
// it was behind has emptied the device. After a longer burst the room is taken, and comes back by
// 1 - R / C of a frame with each frame sent: at 99 % of the capacity after 100 r frames.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "base/clock.h"
#include "traffic/schedule.h"

namespace wireproof {

struct PacerSpec {
  Nanoseconds start = 0;
  Nanoseconds duration = 0;
  // Of all queues together; 0: as fast as possible until start + duration, without a schedule.
  double fps = 0;
  Nanoseconds step_at = 0;  // as of ScheduleSpec
  double step_fps = 0;
  std::uint64_t frames = std::numeric_limits<std::uint64_t>::max();  // without a schedule: the most
  std::uint32_t burst = 32;                                          // 1..kBurstMax
  std::uint32_t room = UINT32_MAX;  // >= 1; the default: no burst is beyond it
  std::uint64_t spare = 0;          // frames that may be left out before a burst beyond `room`
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
    if (!has_schedule()) return now < end_ ? at_once() : 0;
    if (schedule_.next() <= now) take_due(now);
    return tail_ - head_;
  }
  // Of the frames granted, oldest first. Nothing without a schedule.
  [[nodiscard]] std::span<const Nanoseconds> deadlines() const {
    return std::span(pending_).subspan(head_, tail_ - head_);
  }

  // Whether the frames granted now leave in a burst beyond the schedule, or right behind one.
  [[nodiscard]] bool catching_up() const { return tail_ - head_ > spec_.room || shadow_ > 0; }

  // The first `frames` of those granted have left.
  void sent(std::uint32_t frames) {
    sent_ += frames;
    if (!has_schedule()) return;
    const std::uint32_t at_once = tail_ - head_;
    if (at_once > at_once_max_) at_once_max_ = at_once;
    if (catching_up()) [[unlikely]] {
      caught_up(frames, at_once);
    }
    head_ += frames;
  }

  [[nodiscard]] bool has_schedule() const { return spec_.fps > 0; }
  // Nothing will be granted any more: the schedule is through, or the time is over and `grace` with
  // it, which lets the last burst into a full ring.
  [[nodiscard]] bool finished(Nanoseconds now) const {
    if (!has_schedule()) return now >= end_ || sent_ == spec_.frames;
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
    return schedule_.popped() + schedule_.due(now);
  }
  [[nodiscard]] std::uint64_t sent_so_far() const { return sent_; }
  // The most frames that were due at once: 1 of a sender that is never behind.
  [[nodiscard]] std::uint32_t at_once_max() const { return at_once_max_; }
  // Frames sent while catching_up(), and how many of them left together with a later one: moving
  // one frame costs a device that drops what it has no room for one frame at most, so that a burst
  // explains no more losses than these.
  [[nodiscard]] std::uint64_t marked() const { return marked_; }
  [[nodiscard]] std::uint64_t displaced() const { return displaced_; }
  [[nodiscard]] std::uint32_t room() const { return spec_.room; }
  // The furthest that a frame which was skipped was behind; those sent tell their own lateness.
  [[nodiscard]] Nanoseconds skipped_lateness_max() const { return skipped_lateness_max_; }
  [[nodiscard]] std::uint64_t stalls() const { return stalls_; }
  // The mean of this queue, queues / rate; 0 without a schedule.
  [[nodiscard]] double gap_ns() const { return has_schedule() ? schedule_.gap_ns() : 0; }

 private:
  static constexpr Nanoseconds kGrace = 2 * kMillisecond;

  // Without a schedule.
  [[nodiscard]] std::uint32_t at_once() const {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(spec_.burst, spec_.frames - sent_));
  }
  // Moves what is due from the schedule to pending_, the oldest out of it where there is no room.
  void take_due(Nanoseconds now);
  void fill_up(Nanoseconds now, std::uint32_t limit);
  void skip(std::uint64_t frames, Nanoseconds now);
  void caught_up(std::uint32_t frames, std::uint32_t at_once);

  PacerSpec spec_;
  Nanoseconds end_;
  Schedule schedule_;
  // Due and not sent: [head_, tail_), never more than one burst; moved to the front when there is
  // no room for one more behind it.
  std::array<Nanoseconds, 2 * kBurstMax> pending_{};
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint32_t at_once_max_ = 0;
  std::uint64_t shadow_ = 0;  // frames to come that are behind the last burst beyond the schedule
  std::uint64_t marked_ = 0;
  std::uint64_t displaced_ = 0;
  Nanoseconds skipped_lateness_max_ = 0;
  std::uint64_t stalls_ = 0;
};

}  // namespace wireproof
