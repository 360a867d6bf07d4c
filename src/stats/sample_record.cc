#include "stats/sample_record.h"

#include <cmath>

namespace wireproof {

void SampleRecord::merge(const SampleRecord& other) {
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

void SampleRecord::clear() {
  histogram.clear();
  samples = 0;
  first = min = max = 0;
  sum = sum_squares = 0;
}

double SampleRecord::mean() const {
  return samples == 0 ? 0 : static_cast<double>(first) + sum / static_cast<double>(samples);
}

double SampleRecord::stdev() const {
  if (samples == 0) return 0;
  const auto count = static_cast<double>(samples);
  const double mean_offset = sum / count;
  return std::sqrt(std::max(0.0, sum_squares / count - mean_offset * mean_offset));
}

}  // namespace wireproof
