#include "traffic/schedule.h"

#include <algorithm>
#include <cmath>

namespace wireproof {

std::uint64_t frames_in(double fps, Nanoseconds duration) {
  // Wider than a double: a half must stay one, and a billion frames keep their last.
  const long double frames = static_cast<long double>(fps) * duration / kSecond;
  return static_cast<std::uint64_t>(std::floor(frames + 0.5L));
}

namespace {

// Of `total` frames in bursts that go to the queues in turn: those of one queue.
std::uint64_t frames_of_queue(std::uint64_t total, const ScheduleSpec& spec, std::uint32_t burst) {
  const std::uint64_t round = std::uint64_t{burst} * spec.queues;
  const std::uint64_t before = std::uint64_t{burst} * spec.queue;
  const std::uint64_t rest = total % round;  // of the last, unfinished round
  return total / round * burst + std::min<std::uint64_t>(rest - std::min(rest, before), burst);
}

}  // namespace

Schedule::Schedule(const ScheduleSpec& spec)
    : kind_(spec.kind),
      start_(spec.start),
      end_(spec.start + spec.duration),
      gap_ns_(1e9 * spec.queues / spec.fps),
      total_(std::numeric_limits<std::uint64_t>::max()),
      burst_size_(spec.kind == ScheduleKind::kBursty ? spec.burst_size : 1),
      left_in_burst_(burst_size_),
      random_(spec.seed) {
  if (kind_ == ScheduleKind::kPoisson) {
    draw();
    return;
  }
  total_ = frames_of_queue(frames_in(spec.fps, spec.duration), spec, burst_size_);
  if (total_ == 0) return;
  // A multiple that is a whole number of ns on paper must not come out a little below it: a
  // thousandth of a ns is more than what a double's rounding adds up to in days.
  at_ = FixedTime{1} << 54;
  // A double has 53 bits: taken apart, the fraction keeps what the whole leaves of them.
  const double between = 1e9 / spec.fps * burst_size_;
  const double whole = std::floor(between);
  const FixedTime of_all =
      static_cast<FixedTime>(whole) << 64 | static_cast<std::uint64_t>((between - whole) * 0x1p64);
  at_ += of_all * spec.queue;
  interval_ = of_all * spec.queues;
  next_ = start_ + static_cast<Nanoseconds>(at_ >> 64);
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
