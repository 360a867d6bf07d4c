// From the stamps of the kernel, which are of one of its own clocks, to the axis of a test's Clock.
#pragma once

#include <ctime>
#include <limits>

#include "base/clock.h"

namespace wireproof {

// Socket and packet stamps are CLOCK_REALTIME (kernel: Documentation/networking/timestamping.rst),
// bpf_ktime_get_ns() is CLOCK_MONOTONIC (bpf-helpers(7)). The offset between the kernel's clock and
// ours is read in a bracket: to within half of what three readings take, some 30 ns.
//
// CLOCK_REALTIME: read anew for every burst (sample), so that a step of the wall clock can only
// touch the frames that wait in the queue at that moment; those show up as stamped before the queue
// was last seen empty or in the future, and get no stamp at all.
// CLOCK_MONOTONIC is never stepped, and slewed by 500 ppm at most: read anew where the stamps have
// moved on by kSampleEvery (follow), which is 50 ns then and commonly 1 ns.
//
// One thread.
class KernelClock {
 public:
  // `kernel`: the clock of the stamps. `axis` outlives it.
  KernelClock(clockid_t kernel, const Clock& axis) : kernel_(kernel), axis_(&axis) {}

  // Before the queue is looked at.
  void begin_poll() { polled_at_ = axis_->now(); }
  // The queue was seen empty after the last begin_poll(): what comes later was stamped later.
  void saw_empty() { empty_at_ = polled_at_; }
  // After the first frame of a burst was found. An interruption between the readings would shift
  // every stamp by half its length, so the narrowest of a few is taken.
  void sample();
  // As sample(), with both clocks given.
  void sample(Nanoseconds axis, Nanoseconds kernel) {
    sampled_at_ = axis;
    sampled_kernel_ = kernel;
    offset_ = axis - kernel;
  }
  // sample(), but where the latest `stamp` of a burst is close to the last sample.
  void follow(Nanoseconds stamp) {
    if (stamp - sampled_kernel_ > kSampleEvery) sample();
  }
  // 0 where the result cannot be true.
  [[nodiscard]] Nanoseconds to_axis(Nanoseconds stamp) const {
    const Nanoseconds on_axis = stamp + offset_;
    return on_axis >= empty_at_ - kSlack && on_axis <= sampled_at_ + kSlack ? on_axis : 0;
  }

  // A frame is stamped when it arrives and visible when the kernel has put it into the queue;
  // in between, it may be kept from it by other work.
  static constexpr Nanoseconds kSlack = 10 * kMillisecond;
  static constexpr Nanoseconds kSampleEvery = 100 * kMicrosecond;

 private:
  clockid_t kernel_;
  const Clock* axis_;
  Nanoseconds polled_at_ = 0;
  Nanoseconds empty_at_ = std::numeric_limits<Nanoseconds>::min() / 2;
  Nanoseconds sampled_at_ = 0;
  Nanoseconds sampled_kernel_ = std::numeric_limits<Nanoseconds>::min() / 2;
  Nanoseconds offset_ = 0;
};

}  // namespace wireproof
