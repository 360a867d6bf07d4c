#include "base/histogram.h"

#include <cmath>
#include <numeric>

namespace wireproof {

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

void Histogram::clear() {
  counts_.assign(counts_.size(), 0);
}

std::uint64_t Histogram::samples() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::uint64_t Histogram::upper_edge(std::size_t index) {
  const std::size_t octave = index >> kStepBits;
  const std::uint64_t step = index & ((1u << kStepBits) - 1);
  if (octave == 0) return step;
  const auto shift = static_cast<unsigned>(octave - 1);
  return ((step + (1u << kStepBits) + 1) << shift) - 1;
}

std::optional<Nanoseconds> Histogram::percentile(double quantile) const {
  constexpr double kBeyondMin = 10;
  const auto total = static_cast<double>(samples());
  if (total * (1 - quantile) < kBeyondMin) return std::nullopt;
  const double rank = std::ceil(total * quantile);
  double seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += static_cast<double>(counts_[i]);
    if (seen >= rank && seen > 0) return static_cast<Nanoseconds>(upper_edge(i));
  }
  return std::nullopt;
}

}  // namespace wireproof
