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
// CLOCK_REALTIME: read anew for every burst (sample). A step of the wall clock shows as an offset
// that jumped between two samples; for a second after it the frames that were waiting are taken by
// the offset before it. A stamp that neither offset makes true gets none.
// CLOCK_MONOTONIC is never stepped, and slewed by 500 ppm at most: read anew where the stamps have
// moved on by kSampleEvery (follow), which is 50 ns then and commonly 1 ns.
//
// One thread.
class KernelClock {
 public:
  // `kernel`: the clock of the stamps. `axis` outlives it.
  KernelClock(clockid_t kernel, const Clock& axis) : kernel_(kernel), axis_(&axis) {}

  // Before the queue is looked at.
  void begin_poll() {
    polled_at_ = axis_->now();
    asked_again_ = false;
  }
  // The queue was seen empty after the last begin_poll(): what comes later was stamped later.
  void saw_empty() { empty_at_ = polled_at_; }
  // After the first frame of a burst was found. An interruption between the readings would shift
  // every stamp by half its length, so the narrowest of a few is taken, and none of them where it
  // is wider than what is known.
  void sample();
  // As sample(), with both clocks given: `axis` was read at the same time as `kernel`, to within
  // half_width. An offset that has moved by less than what the two readings may be off by has not
  // stepped.
  void sample(Nanoseconds axis, Nanoseconds kernel, Nanoseconds half_width = 0);
  // sample(), but where the latest `stamp` of a burst is close to the last sample.
  void follow(Nanoseconds stamp) {
    if (stamp - sampled_kernel_ > kSampleEvery) sample();
  }
  // 0 where the result cannot be true.
  [[nodiscard]] Nanoseconds to_axis(Nanoseconds stamp) {
    if (plausible(stamp + offset_)) [[likely]]
      return stamp + offset_;
    return to_axis_beside_a_step(stamp);
  }

  // How far a stamp may lie outside what the queue and the sample allow, beside a step. The frames
  // that were waiting at a step smaller than this are misdated by as much as it.
  static constexpr Nanoseconds kSlack = 10 * kMillisecond;
  // Elsewhere nothing but a standstill of the machine between a frame's stamp and its place in the
  // queue makes it older than the queue's last emptiness: to distrust those would be to leave out
  // the longest delays.
  static constexpr Nanoseconds kPatience = kSecond;
  // What no slewing and no reading does between two samples, besides 0.1 % of the time between.
  static constexpr Nanoseconds kStep = kMillisecond;
  static constexpr Nanoseconds kSampleEvery = 100 * kMicrosecond;

 private:
  [[nodiscard]] bool plausible(Nanoseconds on_axis) const {
    return on_axis >= empty_at_ - (beside_step() ? kSlack : kPatience) &&
           on_axis <= sampled_at_ + kSlack;
  }
  [[nodiscard]] bool beside_step() const { return sampled_at_ < stepped_at_ + kPatience; }
  [[nodiscard]] Nanoseconds to_axis_beside_a_step(Nanoseconds stamp);

  static constexpr Nanoseconds kNever = std::numeric_limits<Nanoseconds>::min() / 2;

  clockid_t kernel_;
  const Clock* axis_;
  Nanoseconds polled_at_ = 0;
  Nanoseconds empty_at_ = kNever;
  Nanoseconds sampled_at_ = 0;
  Nanoseconds sampled_kernel_ = kNever;
  Nanoseconds offset_ = 0;
  Nanoseconds half_width_ = 0;  // offset_ may be off by as much
  Nanoseconds stepped_at_ = kNever;
  Nanoseconds offset_before_ = 0;  // before the step
  bool asked_again_ = false;       // in this poll
};

}  // namespace wireproof
