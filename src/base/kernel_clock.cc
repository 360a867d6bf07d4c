#include "base/kernel_clock.h"

#include <cstdlib>

namespace wireproof {
namespace {

// Three readings without an interruption between them take less.
constexpr Nanoseconds kTight = 500;
constexpr int kTries = 4;

}  // namespace

void KernelClock::sample() {
  Nanoseconds narrowest = std::numeric_limits<Nanoseconds>::max();
  for (int i = 0; i < kTries && narrowest > kTight; ++i) {
    timespec kernel{};
    const Nanoseconds before = axis_->now();
    clock_gettime(kernel_, &kernel);
    const Nanoseconds width = axis_->now() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    sample(before + width / 2, kernel.tv_sec * kSecond + kernel.tv_nsec);
  }
}

void KernelClock::sample(Nanoseconds axis, Nanoseconds kernel) {
  const Nanoseconds offset = axis - kernel;
  if (sampled_kernel_ != kNever &&
      std::abs(offset - offset_) > kStep + (axis - sampled_at_) / 1000) {
    stepped_at_ = axis;
    offset_before_ = offset_;
  }
  sampled_at_ = axis;
  sampled_kernel_ = kernel;
  offset_ = offset;
}

// Stamped before the step that the latest sample saw; or after one that no sample has seen yet.
Nanoseconds KernelClock::to_axis_beside_a_step(Nanoseconds stamp) {
  if (beside_step() && plausible(stamp + offset_before_)) return stamp + offset_before_;
  if (asked_again_) return 0;
  asked_again_ = true;
  sample();
  if (plausible(stamp + offset_)) return stamp + offset_;
  return beside_step() && plausible(stamp + offset_before_) ? stamp + offset_before_ : 0;
}

}  // namespace wireproof
