#include "base/kernel_clock.h"

#include <algorithm>
#include <cstdlib>

namespace wireproof {
namespace {

// Three readings without an interruption between them take less.
constexpr Nanoseconds kTight = 500;
constexpr int kReadings = 4;
// Half the width of a reading that is not wanted where a better one is known. Readings that are not
// interrupted follow the kernel's clock; it may be slewed.
constexpr Nanoseconds kUnwanted = 10 * kMicrosecond;

}  // namespace

// Only the narrowest is a sample: a wide one before it would look like a step, and the narrow one
// like the step back.
void KernelClock::sample() {
  Nanoseconds narrowest = std::numeric_limits<Nanoseconds>::max();
  Nanoseconds axis = 0;
  Nanoseconds stamp = 0;
  for (int i = 0; i < kReadings && narrowest > kTight; ++i) {
    timespec kernel{};
    const Nanoseconds before = axis_->now();
    clock_gettime(kernel_, &kernel);
    const Nanoseconds width = axis_->now() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    axis = before + width / 2;
    stamp = kernel.tv_sec * kSecond + kernel.tv_nsec;
  }
  sample(axis, stamp, narrowest / 2);
}

void KernelClock::sample(Nanoseconds axis, Nanoseconds kernel, Nanoseconds half_width) {
  const Nanoseconds offset = axis - kernel;
  const bool first = sampled_kernel_ == kNever;
  // Of the offset that is known, by now.
  const Nanoseconds sure = half_width_ + (axis - sampled_at_) / 1000;
  sampled_at_ = axis;
  sampled_kernel_ = kernel;
  const bool step = !first && std::abs(offset - offset_) > kStep + sure + half_width;
  if (step) {
    stepped_at_ = axis;
    offset_before_ = offset_;
  } else if (!first && half_width > std::max(sure, kUnwanted)) {
    half_width_ = sure;  // what is known is better than an interrupted reading
    return;
  }
  offset_ = offset;
  half_width_ = half_width;
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
