#include "base/tick_line.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace wireproof {
namespace {

double slope_between(const TickReading& first, const TickReading& latest) {
  return static_cast<double>(latest.reference - first.reference) /
         static_cast<double>(latest.ticks - first.ticks);
}

}  // namespace

void TickLine::publish(std::uint64_t start_ticks, Wide start, std::int64_t slope) {
  const std::uint32_t latest = latest_.load(std::memory_order_relaxed);
  const Segment& old = segments_[latest % kSegments];
  Segment& segment = segments_[(latest + 1) % kSegments];
  segment.start_ticks.store(start_ticks, std::memory_order_release);
  segment.start_ns.store(static_cast<Nanoseconds>(start >> kShift), std::memory_order_release);
  segment.start_fraction.store(static_cast<std::int64_t>(start & ((Wide{1} << kShift) - 1)),
                               std::memory_order_release);
  const std::int64_t before = old.slope.load(std::memory_order_relaxed);
  segment.slope_before.store(before == 0 ? slope : before, std::memory_order_release);
  segment.slope.store(slope, std::memory_order_release);
  latest_.store(latest + 1, std::memory_order_release);
}

void TickLine::state_error(const TickReading& latest, double bent_ppb) {
  // The reference is read in whole nanoseconds.
  const double width_ns =
      static_cast<double>(first_.half_width_ticks + latest.half_width_ticks) / ticks_per_ns_ + 2;
  rate_error_ppb_ =
      width_ns / static_cast<double>(latest.reference - first_.reference) * 1e9 + bent_ppb;
}

void TickLine::begin(const TickReading& first, const TickReading& second) {
  assert(second.ticks > first.ticks && second.reference > first.reference);
  first_ = first;
  middle_ = first;
  const double slope = slope_between(first, second);
  ticks_per_ns_ = 1 / slope;
  state_error(second, 0);
  publish(second.ticks, Wide{second.reference} * (Wide{1} << kShift),
          std::llround(std::ldexp(slope, kShift)));
}

void TickLine::begin_again(const TickReading& latest) {
  const std::uint32_t index = latest_.load(std::memory_order_relaxed);
  first_ = latest;
  middle_ = latest;
  publish(latest.ticks, Wide{latest.reference} * (Wide{1} << kShift),
          segments_[index % kSegments].slope.load(std::memory_order_relaxed));
}

void TickLine::refit(const TickReading& latest, std::uint64_t now_ticks) {
  if (latest.ticks <= first_.ticks || latest.reference <= first_.reference) return;
  if (latest.reference - middle_.reference >= limits_.baseline_max) {
    first_ = middle_;
    middle_ = latest;
  }
  const double slope = slope_between(first_, latest);
  const auto off = static_cast<double>(behind(latest));
  const double sure =
      static_cast<double>(first_.half_width_ticks + latest.half_width_ticks) * slope + 2;
  // An offset of 1 ns made good in 1 s is 1 ppb.
  const double bend =
      std::abs(off) <= sure ? 0 : std::clamp(off, -limits_.slew_max_ppb, limits_.slew_max_ppb);
  ticks_per_ns_ = 1 / slope;
  state_error(latest, std::abs(bend));
  const std::uint64_t start =
      now_ticks + static_cast<std::uint64_t>(static_cast<double>(kLead) * ticks_per_ns_);
  const Segment& old = segments_[latest_.load(std::memory_order_relaxed) % kSegments];
  publish(start, value(old, start), std::llround(std::ldexp(slope * (1 + bend * 1e-9), kShift)));
}

}  // namespace wireproof
