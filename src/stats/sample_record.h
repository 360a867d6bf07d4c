// All samples of some duration: a histogram, and the moments exactly. One writer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/histogram.h"

namespace wireproof {

struct SampleRecord {
  Histogram histogram;
  std::uint64_t samples = 0;
  Nanoseconds min = 0;
  Nanoseconds max = 0;
  // Sums about the first sample, so that squares lose nothing.
  Nanoseconds first = 0;
  double sum = 0;
  double sum_squares = 0;

  // value >= 0.
  void record(Nanoseconds value, std::uint64_t times = 1) {
    if (samples == 0) first = min = max = value;
    samples += times;
    min = std::min(min, value);
    max = std::max(max, value);
    const auto offset = static_cast<double>(value - first);
    const auto weight = static_cast<double>(times);
    sum += offset * weight;
    sum_squares += offset * offset * weight;
    histogram.record(value, times);
  }
  // Each >= 0. What is kept of all is brought up to date once.
  void record_all(std::span<const Nanoseconds> values) {
    if (values.empty()) return;
    if (samples == 0) first = min = max = values[0];
    Nanoseconds low = min;
    Nanoseconds high = max;
    double offsets = 0;
    double squares = 0;
    for (const Nanoseconds value : values) {
      low = std::min(low, value);
      high = std::max(high, value);
      const auto offset = static_cast<double>(value - first);
      offsets += offset;
      squares += offset * offset;
      histogram.record(value);
    }
    samples += values.size();
    min = low;
    max = high;
    sum += offsets;
    sum_squares += squares;
  }
  void merge(const SampleRecord& other);
  void clear();
  // 0 without samples. The deviation is of the population.
  [[nodiscard]] double mean() const;
  [[nodiscard]] double stdev() const;
};

}  // namespace wireproof
