// A log-linear histogram of durations in HdrHistogram's own geometry for 1 ns to 60 s at three
// significant digits: values below 2,048 have a step each, above there are 1,024 steps to each
// power of two, so a value is known to within 0.1 %. Up to 2^36 - 1 ns (68.7 s); larger ones are
// counted apart. Fixed memory (216 KiB), no allocation after construction.
//
// One writer. Other threads may read while it writes (difference): each step is a relaxed atomic.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace wireproof {

// The steps that hold anything, in ascending order: what is kept of a histogram when the memory for
// all of its steps is not.
struct HistogramSteps {
  struct Step {
    std::uint32_t index = 0;
    std::uint64_t count = 0;
    friend bool operator==(const Step&, const Step&) = default;
  };
  std::vector<Step> steps;
  std::uint64_t overflow = 0;  // samples beyond the last step

  [[nodiscard]] std::uint64_t samples() const;  // overflow included
  // As Histogram::percentile.
  [[nodiscard]] std::optional<Nanoseconds> percentile(double quantile) const;
  // The upper edge of the highest step that holds anything; 0 without any.
  [[nodiscard]] Nanoseconds highest() const;
  void merge(const HistogramSteps& other);
  friend bool operator==(const HistogramSteps&, const HistogramSteps&) = default;
};

class Histogram {
 public:
  static constexpr unsigned kStepBits = 10;
  static constexpr unsigned kValueBits = 36;
  static constexpr std::size_t kSteps = (kValueBits - kStepBits + 1) << kStepBits;  // 27,648
  static constexpr Nanoseconds kHighest = (Nanoseconds{1} << kValueBits) - 1;
  // At most this share of a value lies between it and the edge that is shown for it.
  static constexpr double kResolution = 1.0 / (1u << kStepBits);
  // A percentile is told only where this many samples lie beyond it.
  static constexpr double kBeyondMin = 10;

  Histogram() : counts_(kSteps + 1) {}

  // value >= 0.
  void record(Nanoseconds value, std::uint64_t times = 1) {
    const std::atomic_ref count(counts_[index(static_cast<std::uint64_t>(value))]);
    count.store(count.load(std::memory_order_relaxed) + times, std::memory_order_relaxed);
  }
  void merge(const Histogram& other);
  void merge(const HistogramSteps& other);
  void clear();
  [[nodiscard]] std::uint64_t samples() const;  // overflow included
  [[nodiscard]] std::uint64_t overflow() const { return counts_[kSteps]; }

  // The smallest step at or below which a `quantile` share of the samples lies (nearest rank), as
  // the step's upper edge; nullopt unless ten samples lie beyond it. Where that step is the
  // overflow: kHighest.
  [[nodiscard]] std::optional<Nanoseconds> percentile(double quantile) const;

  [[nodiscard]] HistogramSteps steps() const;
  // What was recorded since `seen` was last brought up to date, which this call does (begin with
  // kSteps + 1 zeros). Any thread, also while the writer writes: no sample is ever told twice.
  [[nodiscard]] HistogramSteps difference(std::vector<std::uint64_t>& seen) const;

  // Of the values that share the step: the least and the greatest.
  [[nodiscard]] static std::uint64_t lower_edge(std::size_t index);
  [[nodiscard]] static std::uint64_t upper_edge(std::size_t index);
  // Without a branch: values near 2^10 and of either sign come in any order.
  [[nodiscard]] static std::size_t index(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value | 1u << kStepBits));
    const unsigned shift = width - 1 - kStepBits;
    if (width > kValueBits) [[unlikely]] {
      return kSteps;
    }
    return (std::size_t{shift} << kStepBits) + (value >> shift);
  }

 private:
  // Mutable for the sake of atomic_ref, which has no reading form of its own in C++20.
  mutable std::vector<std::uint64_t> counts_;  // the last: overflow
};

// Of values of either sign, by their distance from zero. One writer; read after it has stopped.
class SignedHistogram {
 public:
  SignedHistogram() : counts_(2 * kSide) {}

  void record(Nanoseconds value) {
    const std::size_t side = value < 0 ? kSide : 0;
    const auto distance = static_cast<std::uint64_t>(value < 0 ? -value : value);
    ++counts_[side + Histogram::index(distance)];
  }
  void merge(const SignedHistogram& other);
  void clear();
  [[nodiscard]] std::uint64_t samples() const;
  // The smallest step at or below which a `quantile` share of the samples lies (nearest rank), as
  // the edge farther from zero; nullopt unless ten samples lie beyond it, on the nearer side: a
  // quantile below one half needs them below it.
  [[nodiscard]] std::optional<Nanoseconds> percentile(double quantile) const;

 private:
  static constexpr std::size_t kSide = Histogram::kSteps + 1;
  std::vector<std::uint64_t> counts_;  // of 0 and above, then of those below
};

}  // namespace wireproof
