// When each frame of a run is due: absolute deadlines in order, so that errors do not add up.
//
// Several queues that send together share one schedule, that of the direction: its bursts (single
// frames, unless it is bursty) go to the queues in turn, so that together they ask for exactly the
// frames that one queue would, at the same times. Worked case: 100 frames/s for 1 s over 64 queues;
// the first 36 have two frames, due 640 ms apart, the others one.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "base/clock.h"
#include "base/random.h"
#include "base/words.h"

namespace wireproof {

enum class ScheduleKind {
  kConstant,  // one frame every 1 / rate (RFC 1242 section 3.4)
  kPoisson,   // gaps drawn from the exponential distribution of that mean (RFC 2330 section 11.1.1)
  kBursty,    // burst_size frames due at once, every burst_size / rate (RFC 2544 section 21)
};

inline constexpr Words<ScheduleKind, 3> kScheduleWords{{{ScheduleKind::kConstant, "constant"},
                                                        {ScheduleKind::kPoisson, "poisson"},
                                                        {ScheduleKind::kBursty, "bursty"}}};

struct ScheduleSpec {
  ScheduleKind kind = ScheduleKind::kConstant;
  Nanoseconds start = 0;
  Nanoseconds duration = 0;
  double fps = 1;  // > 0, of frames, whatever the kind, of all queues together
  // From then on (after start; before the end) at that rate: a second schedule, that begins where
  // the first is over. 0: none.
  Nanoseconds step_at = 0;
  double step_fps = 0;           // > 0
  std::uint32_t burst_size = 1;  // of kBursty
  std::uint64_t seed = 1;        // of kPoisson: one for each queue
  std::uint32_t queue = 0;       // whose part this is, < queues
  std::uint32_t queues = 1;
};

// What fps frames a second are in `duration`: rounded to the nearest, a half up. The last of them
// is due before the duration is over. 0 <= fps * duration < 2^63 frames * ns / s.
[[nodiscard]] std::uint64_t frames_in(double fps, Nanoseconds duration);

class Schedule {
 public:
  static constexpr Nanoseconds kThrough = std::numeric_limits<Nanoseconds>::max();

  explicit Schedule(const ScheduleSpec& spec);

  // The next frame's deadline; kThrough after the last.
  [[nodiscard]] Nanoseconds next() const { return next_; }
  void pop() {
    ++popped_;
    if (popped_ == total_) {
      end_part();
    } else if (kind_ == ScheduleKind::kPoisson) {
      draw();
    } else if (--left_in_burst_ == 0) {
      left_in_burst_ = burst_size_;
      step();
    }
  }
  // Frames due at or before `now` that were not popped. Quick but for kPoisson, which goes through
  // them one by one.
  [[nodiscard]] std::uint64_t due(Nanoseconds now) const;
  void pop_many(std::uint64_t frames);
  [[nodiscard]] std::uint64_t popped() const { return popped_; }
  // The mean, queues / rate, over both parts.
  [[nodiscard]] double gap_ns() const { return gap_ns_; }

 private:
  // 2^-64 ns: a frame in 2^64 is a nanosecond off.
  __extension__ using FixedTime = unsigned __int128;

  void begin(Nanoseconds start, Nanoseconds duration, double fps);
  void end_part();
  void step() {
    at_ += interval_;
    next_ = start_ + static_cast<Nanoseconds>(at_ >> 64);
  }
  void draw();

  struct Part {
    Nanoseconds start = 0;
    Nanoseconds duration = 0;
    double fps = 0;
  };

  ScheduleKind kind_;
  std::uint32_t queue_;
  std::uint32_t queues_;
  std::uint32_t burst_size_;
  std::optional<Part> then_;  // after this part
  double gap_ns_;
  Nanoseconds start_ = 0;  // of this part, like what follows
  Nanoseconds end_ = 0;
  double part_gap_ns_ = 0;
  std::uint64_t total_ = 0;  // of this queue, up to here; kPoisson: no bound but the time
  std::uint32_t left_in_burst_ = 0;
  FixedTime interval_ = 0;  // of bursts
  FixedTime at_ = 0;        // from start
  double drawn_ = 0;        // kPoisson: from start, ns
  Random random_;
  std::uint64_t popped_ = 0;
  Nanoseconds next_ = kThrough;
};

}  // namespace wireproof
