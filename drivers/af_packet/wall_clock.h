// From the kernel's receive stamps (CLOCK_REALTIME) to the axis of MonotonicClock.
#pragma once

#include "base/clock.h"

namespace wireproof::af_packet {

// The offset between the two clocks is read anew for every burst, so that a step of the wall clock
// can only touch the frames that wait in the ring at that moment; those show up as stamped before
// the ring was last seen empty or in the future, and get no stamp at all. One thread.
class WallClock {
 public:
  // Before the ring is looked at.
  void begin_poll(Nanoseconds monotonic_now) { now_ = monotonic_now; }
  // The ring was seen empty after the last begin_poll(): what comes later was stamped later.
  void saw_empty() { empty_at_ = now_; }
  // After the first frame of a burst was found.
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

  // A frame is stamped when it arrives and visible when it has been copied into the ring; in
  // between, the kernel may be kept from it by other work.
  static constexpr Nanoseconds kSlack = 10 * kMillisecond;

 private:
  Nanoseconds now_ = 0;
  Nanoseconds empty_at_ = 0;
  Nanoseconds sampled_at_ = 0;
  Nanoseconds offset_ = 0;
};

}  // namespace wireproof::af_packet
