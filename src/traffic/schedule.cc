#include "traffic/schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace wireproof {

std::uint64_t frames_in(double fps, Nanoseconds duration) {
  // Wider than a double: a half must stay one, and a billion frames keep their last.
  const long double frames = static_cast<long double>(fps) * duration / kSecond;
  return static_cast<std::uint64_t>(std::floor(frames + 0.5L));
}

namespace {

// Of `total` frames in bursts that go to the queues in turn: those of one queue.
std::uint64_t frames_of_queue(std::uint64_t total, std::uint32_t queue, std::uint32_t queues,
                              std::uint32_t burst) {
  const std::uint64_t round = std::uint64_t{burst} * queues;
  const std::uint64_t before = std::uint64_t{burst} * queue;
  const std::uint64_t rest = total % round;  // of the last, unfinished round
  return total / round * burst + std::min<std::uint64_t>(rest - std::min(rest, before), burst);
}

}  // namespace

Schedule::Schedule(const ScheduleSpec& spec)
    : kind_(spec.kind),
      queue_(spec.queue),
      queues_(spec.queues),
      burst_size_(spec.kind == ScheduleKind::kBursty ? spec.burst_size : 1),
      gap_ns_(1e9 * spec.queues / spec.fps),
      random_(spec.seed) {
  if (spec.step_at == 0) {
    begin(spec.start, spec.duration, spec.fps);
    return;
  }
  const Nanoseconds rest = spec.duration - spec.step_at;
  then_ = {spec.start + spec.step_at, rest, spec.step_fps};
  const double frames = spec.fps * seconds(spec.step_at) + spec.step_fps * seconds(rest);
  gap_ns_ = static_cast<double>(spec.duration) * spec.queues / frames;
  begin(spec.start, spec.step_at, spec.fps);
}

void Schedule::begin(Nanoseconds start, Nanoseconds duration, double fps) {
  start_ = start;
  end_ = start + duration;
  part_gap_ns_ = 1e9 * queues_ / fps;
  left_in_burst_ = burst_size_;
  if (kind_ == ScheduleKind::kPoisson) {
    total_ = std::numeric_limits<std::uint64_t>::max();
    drawn_ = 0;
    return draw();
  }
  const std::uint64_t of_part =
      frames_of_queue(frames_in(fps, duration), queue_, queues_, burst_size_);
  total_ += of_part;
  if (of_part == 0) return end_part();
  // A multiple that is a whole number of ns on paper must not come out a little below it: a
  // thousandth of a ns is more than what a double's rounding adds up to in days.
  at_ = FixedTime{1} << 54;
  // A double has 53 bits: taken apart, the fraction keeps what the whole leaves of them.
  const double between = 1e9 / fps * burst_size_;
  const double whole = std::floor(between);
  const FixedTime of_all =
      static_cast<FixedTime>(whole) << 64 | static_cast<std::uint64_t>((between - whole) * 0x1p64);
  at_ += of_all * queue_;
  interval_ = of_all * queues_;
  next_ = start_ + static_cast<Nanoseconds>(at_ >> 64);
}

void Schedule::end_part() {
  next_ = kThrough;
  if (!then_) return;
  const Part part = *std::exchange(then_, std::nullopt);
  begin(part.start, part.duration, part.fps);
}

void Schedule::draw() {
  drawn_ -= part_gap_ns_ * std::log1p(-random_.uniform());
  next_ = start_ + static_cast<Nanoseconds>(drawn_);
  if (next_ >= end_) end_part();
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
  const std::uint64_t of_part = std::min(left_in_burst_ + bursts * burst_size_, total_ - popped_);
  if (!then_ || popped_ + of_part < total_) return of_part;
  Schedule ahead = *this;
  ahead.pop_many(of_part);
  return of_part + ahead.due(now);
}

void Schedule::pop_many(std::uint64_t frames) {
  if (kind_ == ScheduleKind::kPoisson || frames < left_in_burst_) {
    for (; frames > 0; --frames) pop();
    return;
  }
  const std::uint64_t of_part = std::min(frames, total_ - popped_);
  popped_ += of_part;
  if (popped_ == total_) {
    end_part();
    if (frames > of_part) pop_many(frames - of_part);
    return;
  }
  frames -= left_in_burst_;
  at_ += interval_ * (frames / burst_size_ + 1);
  left_in_burst_ = burst_size_ - static_cast<std::uint32_t>(frames % burst_size_);
  next_ = start_ + static_cast<Nanoseconds>(at_ >> 64);
}

}  // namespace wireproof
