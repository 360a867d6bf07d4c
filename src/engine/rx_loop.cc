#include "engine/rx_loop.h"

#include <algorithm>
#include <span>

namespace wireproof {
namespace {

// From one look at the queue to the next: what comes meanwhile is stamped too late by less.
constexpr Nanoseconds kAway = kMillisecond;

}  // namespace

Nanoseconds RxLoop::run() {
  if (several_) [[unlikely]] {
    return run_several();
  }
  const Nanoseconds late_after = first_.late_after();
  const Nanoseconds looking = late_after == kNotYet ? looked_ : clock_.now();
  const std::span<Frame*> arrived(burst_.data(), queue_.poll(burst_));
  const bool away = looked_ <= late_after && looking - looked_ >= kAway;
  const bool emptied = arrived.size() < burst_.size();
  if (emptied) looked_ = looking;
  if (arrived.empty()) return Step::kWhenever;
  const Nanoseconds now = clock_.now();
  first_.take(arrived, now, late_after, away);
  if (emptied && late_after == kNotYet) looked_ = now;
  queue_.release(arrived);
  return Step::kBusy;
}

// The same by the stream that ends first.
[[gnu::noinline]] Nanoseconds RxLoop::run_several() {
  const Nanoseconds late_after = ends_first();
  const Nanoseconds looking = late_after == kNotYet ? looked_ : clock_.now();
  const std::span<Frame*> arrived(burst_.data(), queue_.poll(burst_));
  const Nanoseconds away_since = looking - looked_ >= kAway ? looked_ : kNotYet;
  const bool emptied = arrived.size() < burst_.size();
  if (emptied) looked_ = looking;
  if (arrived.empty()) return Step::kWhenever;
  const Nanoseconds now = clock_.now();
  deal(arrived, now, away_since);
  if (emptied && late_after == kNotYet) looked_ = now;
  queue_.release(arrived);
  return Step::kBusy;
}

// When the waiting time of the stream that ends first is over.
Nanoseconds RxLoop::ends_first() const {
  Nanoseconds first = first_.late_after();
  for (const RxLane* lane : others_) first = std::min(first, lane->late_after());
  return first;
}

// Each lane its own, in the order of arrival. `away_since`: kNotYet where the loop was there.
void RxLoop::deal(std::span<Frame* const> frames, Nanoseconds now, Nanoseconds away_since) {
  std::array<const RxLane*, Analyzer::kBurstMax> lanes;
  for (std::size_t i = 0; i < frames.size(); ++i) lanes[i] = &lane_of(*frames[i]);
  std::array<Frame*, Analyzer::kBurstMax> own;
  const auto give = [&](RxLane& lane) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (lanes[i] == &lane) own[count++] = frames[i];
    }
    if (count == 0) return;
    const Nanoseconds late_after = lane.late_after();
    lane.take(std::span(own).first(count), now, late_after,
              away_since != kNotYet && away_since <= late_after);
  };
  give(first_);
  for (RxLane* lane : others_) give(*lane);
}

RxLane& RxLoop::lane_of(const Signature& signature) {
  const std::uint32_t stream = stream_of(signature);
  for (RxLane* lane : others_) {
    if (lane->analyzer().stream() == stream) return *lane;
  }
  return first_;
}

RxLane& RxLoop::lane_of(const Frame& frame) {
  Signature signature;
  const auto asked = [&](const RxLane& lane) { return lane.analyzer().look(frame, signature); };
  FrameClass found = asked(first_);
  if (found == FrameClass::kOurs) return lane_of(signature);
  if (found != FrameClass::kOthers) return first_;
  for (RxLane* lane : others_) {
    found = asked(*lane);
    if (found == FrameClass::kOurs) return lane_of(signature);
    if (found != FrameClass::kOthers) return *lane;
  }
  const auto elsewhere = read_any_test_frame(frame.data, frame.length);
  return elsewhere ? lane_of(elsewhere->signature) : first_;
}

}  // namespace wireproof
