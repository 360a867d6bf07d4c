// All samples of some duration: a histogram, and the moments exactly. One writer.
#pragma once

#include <algorithm>
#include <cstdint>

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
  void merge(const SampleRecord& other);
  void clear();
  // 0 without samples. The deviation is of the population.
  [[nodiscard]] double mean() const;
  [[nodiscard]] double stdev() const;
};

}  // namespace wireproof
