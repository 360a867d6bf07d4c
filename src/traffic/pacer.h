// How many frames may leave now. Deadlines are absolute: frame k is due at start + k / rate, so
// that errors do not add up. After a stall at most one burst is caught up, and the rest is skipped
// (counted as unsent), because a flood to catch up makes loss that nobody else caused: the burst is
// what the device's queue must hold.
//
// Worked case, 1 Mpps, burst 32, a stall of 100 us: 100 frames are due; 68 are skipped, 32 leave at
// once, and the next one is due 1 us later as if nothing had been.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace wireproof {

struct PacerSpec {
  Nanoseconds start = 0;
  Nanoseconds duration = 0;
  double fps = 0;            // 0: as fast as possible until start + duration
  std::uint32_t burst = 32;  // 1..kBurstMax
};

class Pacer {
 public:
  static constexpr std::uint32_t kBurstMax = 1024;

  explicit Pacer(const PacerSpec& spec)
      : spec_(spec),
        end_(spec.start + spec.duration),
        frames_per_ns_(spec.fps * 1e-9),
        total_(static_cast<std::uint64_t>(spec.fps * 1e-9 * static_cast<double>(spec.duration) +
                                          0.5)) {}

  // The number of frames that may leave at `now`, at most one burst. What is granted and not taken
  // is granted again.
  std::uint32_t grant(Nanoseconds now) {
    if (now < spec_.start) return 0;
    if (spec_.fps == 0) return now < end_ ? spec_.burst : 0;
    const auto elapsed = static_cast<double>(now - spec_.start);
    const std::uint64_t due =
        std::min(total_, static_cast<std::uint64_t>(elapsed * frames_per_ns_) + 1);
    if (due <= done_) return 0;
    std::uint64_t behind = due - done_;
    if (behind > spec_.burst) {
      skip(behind - spec_.burst, now);
      behind = spec_.burst;
    }
    return static_cast<std::uint32_t>(behind);
  }

  void sent(std::uint64_t frames) {
    done_ += frames;
    sent_ += frames;
  }

  // Nothing will be granted any more: the schedule is through, or the time is over and `grace` with
  // it, which lets the last burst into a full ring.
  [[nodiscard]] bool finished(Nanoseconds now) const {
    if (spec_.fps == 0) return now >= end_;
    return done_ >= total_ || now >= end_ + kGrace;
  }

  // When the next frame is due (in the past: now).
  [[nodiscard]] Nanoseconds next_deadline() const {
    if (spec_.fps == 0) return spec_.start;
    return spec_.start + static_cast<Nanoseconds>(static_cast<double>(done_) / frames_per_ns_);
  }

  // What the schedule asked for until `now`: all of it, or, when interrupted, what was due.
  [[nodiscard]] std::uint64_t intended(Nanoseconds now) const {
    if (spec_.fps == 0) return sent_;
    if (now >= end_) return total_;
    if (now < spec_.start) return 0;
    const auto elapsed = static_cast<double>(now - spec_.start);
    return std::clamp(static_cast<std::uint64_t>(elapsed * frames_per_ns_) + 1, done_, total_);
  }
  [[nodiscard]] std::uint64_t sent_so_far() const { return sent_; }
  [[nodiscard]] Nanoseconds lag_max() const { return lag_max_; }
  [[nodiscard]] std::uint64_t stalls() const { return stalls_; }

 private:
  static constexpr Nanoseconds kGrace = 2 * kMillisecond;

  // Only a pacer that is behind comes here: the common path measures no lag.
  void skip(std::uint64_t frames, Nanoseconds now) {
    lag_max_ = std::max(lag_max_, now - next_deadline());
    done_ += frames;
    ++stalls_;
  }

  PacerSpec spec_;
  Nanoseconds end_;
  double frames_per_ns_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;  // sent or skipped
  std::uint64_t sent_ = 0;
  Nanoseconds lag_max_ = 0;
  std::uint64_t stalls_ = 0;
};

}  // namespace wireproof
