#include "traffic/analyzer.h"

#include <algorithm>
#include <cassert>

namespace wireproof {

void DelayRecord::record(Nanoseconds delay) {
  if (delay < 0) {
    ++negative;
    return;
  }
  if (samples == 0) first = min = max = delay;
  ++samples;
  min = std::min(min, delay);
  max = std::max(max, delay);
  const auto offset = static_cast<double>(delay - first);
  sum += offset;
  sum_squares += offset * offset;
  histogram.record(delay);
}

void DelayRecord::merge(const DelayRecord& other) {
  negative += other.negative;
  if (other.samples == 0) return;
  if (samples == 0) {
    first = other.first;
    min = other.min;
    max = other.max;
  }
  const auto count = static_cast<double>(other.samples);
  const auto shift = static_cast<double>(other.first - first);
  sum_squares += other.sum_squares + 2 * shift * other.sum + count * shift * shift;
  sum += other.sum + count * shift;
  samples += other.samples;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  histogram.merge(other.histogram);
}

void DelayRecord::clear() {
  histogram.clear();
  samples = negative = 0;
  first = min = max = 0;
  sum = sum_squares = 0;
}

Analyzer::Analyzer(const AnalyzerSpec& spec)
    : spec_(spec), direction_(spec.reverse ? kDirectionBit : 0), tracker_(spec.spaces) {}

void Analyzer::start(std::uint16_t trial_id, Nanoseconds epoch) {
  trial_id_ = trial_id;
  epoch_ = epoch;
  counts_ = {};
  tracker_.clear();
  delays_.clear();
  until_delay_ = 1;
}

bool Analyzer::classify(const Frame& frame, Nanoseconds now, Seen& seen) {
  Signature signature;
  switch (read_test_frame(spec_.match, frame.data, frame.length, signature)) {
    case FrameClass::kOthers:
      return false;
    case FrameClass::kCorrupt:
      ++counts_.corrupt;
      return false;
    case FrameClass::kForeign:
      ++counts_.foreign;
      return false;
    case FrameClass::kOurs:
      break;
  }
  if (signature.trial_id != trial_id_) {
    ++counts_.stale;
    return false;
  }
  seen.group = signature.space ^ direction_;  // anything but a known group of ours is too large
  if (seen.group >= spec_.spaces) {
    ++counts_.misdirected;
    return false;
  }
  const Nanoseconds arrived = frame.stamp != 0 ? frame.stamp : now;
  seen.delay = arrived - epoch_ - static_cast<Nanoseconds>(signature.transmit_time);
  if (seen.delay > spec_.waiting_time) {
    ++counts_.late;
    return false;
  }
  seen.sequence = signature.sequence;
  return true;
}

void Analyzer::account(const Seen& seen) {
  switch (tracker_.observe(seen.group, seen.sequence)) {
    case Arrived::kInOrder:
      ++counts_.unique;
      break;
    case Arrived::kReordered:
      ++counts_.unique;
      ++counts_.reordered;
      break;
    case Arrived::kDuplicate:
      ++counts_.duplicate;
      return;  // a copy's delay is not the frame's
    case Arrived::kUnclassified:
      ++counts_.unclassified;
      return;
  }
  if (spec_.delay_every != 0 && --until_delay_ == 0) {
    until_delay_ = spec_.delay_every;
    delays_.record(seen.delay);
  }
}

void Analyzer::take(std::span<Frame* const> frames, Nanoseconds now) {
  assert(frames.size() <= kBurstMax);
  // Two passes: the second finds the memory of each sequence space already on its way.
  std::array<Seen, kBurstMax> ours;
  std::size_t count = 0;
  for (const Frame* frame : frames) {
    if (!classify(*frame, now, ours[count])) continue;
    tracker_.prefetch(ours[count].group, ours[count].sequence);
    ++count;
  }
  for (std::size_t i = 0; i < count; ++i) account(ours[i]);
}

}  // namespace wireproof
