#include "stats/delay_variation.h"

#include <bit>

namespace wireproof {
namespace {

constexpr std::uint32_t kWindowsNumbers = 1u << 17;
constexpr std::uint32_t kWindowMin = 16;
constexpr std::uint32_t kWindowMax = 1024;

std::uint64_t window_of(std::uint32_t spaces, std::uint32_t window) {
  if (window != 0) return std::bit_ceil(std::max(window, kWindowMin));
  const std::uint32_t share = kWindowsNumbers / std::max(spaces, 1u);
  return std::bit_floor(std::clamp(share, kWindowMin, kWindowMax));
}

}  // namespace

void Ipdv::merge(const Ipdv& other) {
  if (other.pairs == 0) return;
  min = pairs == 0 ? other.min : std::min(min, other.min);
  max = pairs == 0 ? other.max : std::max(max, other.max);
  pairs += other.pairs;
  sum_abs += other.sum_abs;
  histogram.merge(other.histogram);
}

void Ipdv::clear() {
  pairs = sum_abs = 0;
  min = max = 0;
  histogram.clear();
}

double Ipdv::mean_abs() const {
  return pairs == 0 ? 0 : static_cast<double>(sum_abs) / static_cast<double>(pairs);
}

void SpaceJitter::merge(const SpaceJitter& other) {
  spaces += other.spaces;
  sum += other.sum;
  max = std::max(max, other.max);
}

double SpaceJitter::mean() const {
  return spaces == 0 ? 0 : sum / static_cast<double>(spaces);
}

DelayVariation::DelayVariation(std::uint32_t spaces, std::uint32_t window)
    : window_(window_of(spaces, window)),
      heads_(spaces),
      slots_(std::size_t{spaces} * window_, kAbsent) {}

void DelayVariation::clear() {
  std::fill(heads_.begin(), heads_.end(), Head{});
  std::fill(slots_.begin(), slots_.end(), kAbsent);
  ipdv_.clear();
  outside_window_ = 0;
}

// The numbers [next, next + skipped) have not come.
void DelayVariation::skip(Nanoseconds* slots, std::uint64_t next, std::uint64_t skipped) const {
  for (std::uint64_t i = 0; i < std::min(skipped, window_); ++i) {
    slots[(next + i) & (window_ - 1)] = kAbsent;
  }
}

void DelayVariation::observe_reordered(std::uint32_t space, std::uint64_t sequence,
                                       Nanoseconds delay) {
  const std::uint64_t next = heads_[space].next;
  const auto age = static_cast<std::uint64_t>(-sequence_distance(sequence, next));
  // Of the oldest number in the ring the one before is not there: not that one either.
  if (age >= window_) {
    ++outside_window_;
    return;
  }
  Nanoseconds* slots = slots_.data() + space * window_;
  const std::uint64_t number = next - age;
  const Nanoseconds before = slots[(number - 1) & (window_ - 1)];
  const Nanoseconds after = slots[(number + 1) & (window_ - 1)];
  slots[number & (window_ - 1)] = delay;
  if (before != kAbsent) ipdv_.record(delay - before);
  if (after != kAbsent) ipdv_.record(after - delay);
}

std::optional<double> DelayVariation::jitter(std::uint32_t space) const {
  const Head& head = heads_[space];
  if (head.arrivals < 2) return std::nullopt;
  return head.jitter;
}

SpaceJitter DelayVariation::jitter() const {
  SpaceJitter all;
  for (const Head& head : heads_) {
    if (head.arrivals < 2) continue;
    ++all.spaces;
    all.sum += head.jitter;
    all.max = std::max(all.max, head.jitter);
  }
  return all;
}

}  // namespace wireproof
