// From the kernel's receive stamps (CLOCK_REALTIME) to the axis of MonotonicClock.
#pragma once

#include "base/clock.h"

namespace wireproof {

// The offset between the two clocks is read anew for every burst, so that a step of the wall clock
// can only touch the frames that wait in the queue at that moment; those show up as stamped before
// the queue was last seen empty or in the future, and get no stamp at all. One thread.
class WallClock {
 public:
  // Before the queue is looked at.
  void begin_poll(Nanoseconds monotonic_now) { now_ = monotonic_now; }
  // The queue was seen empty after the last begin_poll(): what comes later was stamped later.
  void saw_empty() { empty_at_ = now_; }
  // After the first frame of a burst was found. The wall clock is read between two readings of the
  // other; an interruption in between would shift every stamp by half its length, so the narrowest
  // of a few is taken.
  void sample();
  // As sample(), with both clocks given.
  void sample(Nanoseconds monotonic, Nanoseconds realtime) {
    sampled_at_ = monotonic;
    offset_ = monotonic - realtime;
  }
  // 0 where the result cannot be true.
  [[nodiscard]] Nanoseconds to_monotonic(Nanoseconds realtime) const {
    const Nanoseconds stamp = realtime + offset_;
    return stamp >= empty_at_ - kSlack && stamp <= sampled_at_ + kSlack ? stamp : 0;
  }

  // A frame is stamped when it arrives and visible when the kernel has put it into the queue;
  // in between, it may be kept from it by other work.
  static constexpr Nanoseconds kSlack = 10 * kMillisecond;

 private:
  Nanoseconds now_ = 0;
  Nanoseconds empty_at_ = 0;
  Nanoseconds sampled_at_ = 0;
  Nanoseconds offset_ = 0;
};

}  // namespace wireproof
