#include "traffic/schedule.h"

#include <algorithm>
#include <cmath>

namespace wireproof {

const char* schedule_word(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::kConstant:
      return "constant";
    case ScheduleKind::kPoisson:
      return "poisson";
    case ScheduleKind::kBursty:
      break;
  }
  return "bursty";
}

Schedule::Schedule(const ScheduleSpec& spec)
    : kind_(spec.kind),
      start_(spec.start),
      end_(spec.start + spec.duration),
      gap_ns_(1e9 / spec.fps),
      total_(std::numeric_limits<std::uint64_t>::max()),
      burst_size_(spec.kind == ScheduleKind::kBursty ? spec.burst_size : 1),
      left_in_burst_(burst_size_),
      random_(spec.seed) {
  if (kind_ == ScheduleKind::kPoisson) {
    draw();
    return;
  }
  const double frames = spec.fps * 1e-9 * static_cast<double>(spec.duration);
  total_ = static_cast<std::uint64_t>(frames + 0.5);
  if (total_ == 0) return;
  next_ = start_;
  // A multiple that is a whole number of ns on paper must not come out a little below it: a
  // thousandth of a ns is more than what a double's rounding adds up to in days.
  at_ = FixedTime{1} << 54;
  // A double has 53 bits: taken apart, the fraction keeps what the whole leaves of them.
  const double interval = gap_ns_ * burst_size_;
  const double whole = std::floor(interval);
  interval_ =
      static_cast<FixedTime>(whole) << 64 | static_cast<std::uint64_t>((interval - whole) * 0x1p64);
}

void Schedule::draw() {
  drawn_ -= gap_ns_ * std::log1p(-random_.uniform());
  next_ = start_ + static_cast<Nanoseconds>(drawn_);
  if (next_ >= end_) next_ = kThrough;
}

std::uint64_t Schedule::due(Nanoseconds now) const {
  if (next_ > now) return 0;
  if (kind_ == ScheduleKind::kPoisson) {
    Schedule ahead = *this;
    while (ahead.next() <= now) ahead.pop();
    return ahead.popped() - popped_;
  }
  // Whole intervals between the next deadline and now, each of which makes a burst due.
  const FixedTime until = static_cast<FixedTime>(now - start_ + 1) << 64;
  const auto bursts = static_cast<std::uint64_t>((until - 1 - at_) / interval_);
  return std::min(left_in_burst_ + bursts * burst_size_, total_ - popped_);
}

void Schedule::pop_many(std::uint64_t frames) {
  if (kind_ == ScheduleKind::kPoisson || frames < left_in_burst_) {
    for (; frames > 0; --frames) pop();
    return;
  }
  popped_ += frames;
  if (popped_ == total_) {
    next_ = kThrough;
    return;
  }
  frames -= left_in_burst_;
  at_ += interval_ * (frames / burst_size_ + 1);
  left_in_burst_ = burst_size_ - static_cast<std::uint32_t>(frames % burst_size_);
  next_ = start_ + static_cast<Nanoseconds>(at_ >> 64);
}

}  // namespace wireproof
