// A log-linear histogram of durations: 128 steps to each power of two, so a value is known to
// within 0.8 %; from 1 ns to 2^40 ns (18 min), larger ones counted in the last step. Fixed memory,
// no allocation after construction. One writer; merge after the writer has stopped.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace wireproof {

class Histogram {
 public:
  Histogram() : counts_(kBuckets) {}

  void record(Nanoseconds value) { ++counts_[index(static_cast<std::uint64_t>(value))]; }
  void merge(const Histogram& other);
  void clear();
  [[nodiscard]] std::uint64_t samples() const;

  // The smallest recorded step at or below which a `quantile` share of the samples lies (nearest
  // rank), as the step's upper edge; nullopt unless at least ten samples lie beyond it.
  [[nodiscard]] std::optional<Nanoseconds> percentile(double quantile) const;

 private:
  static constexpr unsigned kStepBits = 7;
  static constexpr unsigned kValueBits = 40;
  static constexpr std::size_t kBuckets = (kValueBits - kStepBits + 1) << kStepBits;

  // Values below 128 have a step each; above, the top seven bits behind the leading one choose.
  static std::size_t index(std::uint64_t value) {
    if (value < (1u << kStepBits)) return value;
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width > kValueBits) return kBuckets - 1;
    const unsigned shift = width - 1 - kStepBits;
    return ((std::size_t{shift} + 1) << kStepBits) + (value >> shift) - (1u << kStepBits);
  }
  static std::uint64_t upper_edge(std::size_t index);

  std::vector<std::uint64_t> counts_;
};

}  // namespace wireproof
