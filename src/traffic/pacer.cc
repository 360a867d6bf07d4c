#include "traffic/pacer.h"

#include <algorithm>

namespace wireproof {

Pacer::Pacer(const PacerSpec& spec)
    : spec_(spec),
      end_(spec.start + spec.duration),
      schedule_({.kind = spec.schedule,
                 .start = spec.start,
                 .duration = spec.fps > 0 ? spec.duration : 0,
                 .fps = spec.fps > 0 ? spec.fps : 1,
                 .step_at = spec.step_at,
                 .step_fps = spec.step_fps,
                 .burst_size = spec.burst_size,
                 .seed = spec.seed,
                 .queue = spec.queue,
                 .queues = spec.queues}) {}

void Pacer::take_due(Nanoseconds now) {
  // A burst that has begun goes on.
  const bool begun = tail_ - head_ > spec_.room;
  std::uint32_t limit = begun ? spec_.burst : std::min(spec_.room, spec_.burst);
  fill_up(now, limit);
  if (schedule_.next() > now) return;
  if (limit < spec_.burst && skipped_ + schedule_.due(now) > spec_.spare) {
    limit = spec_.burst;
    fill_up(now, limit);
    if (schedule_.next() > now) return;
  }
  skip(schedule_.due(now), now);
  fill_up(now, limit);
}

void Pacer::fill_up(Nanoseconds now, std::uint32_t limit) {
  if (head_ + spec_.burst > pending_.size()) {
    std::copy(pending_.begin() + head_, pending_.begin() + tail_, pending_.begin());
    tail_ -= head_;
    head_ = 0;
  }
  for (; schedule_.next() <= now && tail_ - head_ < limit; schedule_.pop()) {
    pending_[tail_++] = schedule_.next();
  }
}

// Only a pacer that is a whole burst behind comes here: the common path measures no lateness.
void Pacer::skip(std::uint64_t frames, Nanoseconds now) {
  skipped_lateness_max_ = std::max(skipped_lateness_max_, now - next_deadline());
  ++stalls_;
  skipped_ += frames;
  const auto pending = static_cast<std::uint32_t>(std::min<std::uint64_t>(frames, tail_ - head_));
  head_ += pending;
  schedule_.pop_many(frames - pending);
}

void Pacer::caught_up(std::uint32_t frames, std::uint32_t at_once) {
  constexpr std::uint64_t kShadowRooms = 100;
  marked_ += frames;
  if (at_once > 1) displaced_ += frames;
  shadow_ -= std::min<std::uint64_t>(shadow_, frames);
  if (at_once > spec_.room) shadow_ = kShadowRooms * spec_.room;
}

}  // namespace wireproof
