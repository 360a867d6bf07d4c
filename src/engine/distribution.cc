#include "engine/distribution.h"

#include <algorithm>

namespace wireproof {

Distribution distribution_of(const SampleRecord& record) {
  // The edge of the last step may lie beyond the greatest sample, which is known exactly.
  const auto percentile = [&record](double quantile) {
    auto value = record.histogram.percentile(quantile);
    if (value) value = std::min(*value, record.max);
    return value;
  };
  return {.samples = record.samples,
          .min = record.min,
          .mean = record.mean(),
          .stdev = record.stdev(),
          .max = record.max,
          .p50 = percentile(0.5),
          .p90 = percentile(0.9),
          .p99 = percentile(0.99),
          .p99_9 = percentile(0.999),
          .p99_99 = percentile(0.9999),
          .p99_999 = percentile(0.99999)};
}

}  // namespace wireproof
