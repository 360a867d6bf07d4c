#include "base/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace wireproof {
namespace {

std::uint64_t load(std::uint64_t& count) {
  return std::atomic_ref(count).load(std::memory_order_relaxed);
}

Nanoseconds shown_for(std::size_t index) {
  return index == Histogram::kSteps ? Histogram::kHighest
                                    : static_cast<Nanoseconds>(Histogram::upper_edge(index));
}

// 1-based; 0 where too few samples lie beyond it. Quantiles below one half look the other way.
std::uint64_t rank_of(double quantile, std::uint64_t samples) {
  const auto total = static_cast<double>(samples);
  // The product of a quantile and a count that is whole on paper may come out a little above it.
  constexpr double kRounding = 1e-9;
  if (total * (1 - quantile) < Histogram::kBeyondMin - kRounding * total) return 0;
  return std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(total * quantile * (1 - kRounding))));
}

}  // namespace

std::uint64_t HistogramSteps::samples() const {
  return std::accumulate(steps.begin(), steps.end(), overflow,
                         [](std::uint64_t sum, const Step& step) { return sum + step.count; });
}

std::optional<Nanoseconds> HistogramSteps::percentile(double quantile) const {
  const std::uint64_t rank = rank_of(quantile, samples());
  if (rank == 0) return std::nullopt;
  std::uint64_t seen = 0;
  for (const Step& step : steps) {
    seen += step.count;
    if (seen >= rank) return shown_for(step.index);
  }
  return Histogram::kHighest;
}

Nanoseconds HistogramSteps::highest() const {
  if (overflow > 0) return Histogram::kHighest;
  return steps.empty() ? 0 : shown_for(steps.back().index);
}

void HistogramSteps::merge(const HistogramSteps& other) {
  std::vector<Step> both;
  both.reserve(steps.size() + other.steps.size());
  std::merge(steps.begin(), steps.end(), other.steps.begin(), other.steps.end(),
             std::back_inserter(both),
             [](const Step& a, const Step& b) { return a.index < b.index; });
  steps.clear();
  for (const Step& step : both) {
    if (!steps.empty() && steps.back().index == step.index) {
      steps.back().count += step.count;
    } else {
      steps.push_back(step);
    }
  }
  overflow += other.overflow;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += load(other.counts_[i]);
}

void Histogram::merge(const HistogramSteps& other) {
  for (const HistogramSteps::Step& step : other.steps) counts_[step.index] += step.count;
  counts_[kSteps] += other.overflow;
}

void Histogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
}

std::uint64_t Histogram::samples() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::uint64_t Histogram::lower_edge(std::size_t index) {
  const std::size_t octave = index >> kStepBits;
  const std::uint64_t step = index & ((1u << kStepBits) - 1);
  if (octave == 0) return step;
  return (step + (1u << kStepBits)) << (octave - 1);
}

std::uint64_t Histogram::upper_edge(std::size_t index) {
  return lower_edge(index + 1) - 1;
}

std::optional<Nanoseconds> Histogram::percentile(double quantile) const {
  const std::uint64_t rank = rank_of(quantile, samples());
  if (rank == 0) return std::nullopt;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return shown_for(i);
  }
  return std::nullopt;
}

HistogramSteps Histogram::steps() const {
  std::vector<std::uint64_t> none(kSteps + 1);
  return difference(none);
}

HistogramSteps Histogram::difference(std::vector<std::uint64_t>& seen) const {
  HistogramSteps found;
  for (std::size_t i = 0; i < kSteps; ++i) {
    const std::uint64_t now = load(counts_[i]);
    if (now == seen[i]) continue;
    found.steps.push_back({static_cast<std::uint32_t>(i), now - seen[i]});
    seen[i] = now;
  }
  const std::uint64_t beyond = load(counts_[kSteps]);
  found.overflow = beyond - seen[kSteps];
  seen[kSteps] = beyond;
  return found;
}

void SignedHistogram::merge(const SignedHistogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

void SignedHistogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
}

std::uint64_t SignedHistogram::samples() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::optional<Nanoseconds> SignedHistogram::percentile(double quantile) const {
  const std::uint64_t total = samples();
  if (rank_of(std::max(quantile, 1 - quantile), total) == 0) return std::nullopt;
  const std::uint64_t rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(static_cast<double>(total) * quantile - 1e-6)));
  std::uint64_t seen = 0;
  for (std::size_t i = kSide; i-- > 0;) {  // the most negative first
    seen += counts_[kSide + i];
    if (seen >= rank) return -shown_for(i);
  }
  for (std::size_t i = 0; i < kSide; ++i) {
    seen += counts_[i];
    if (seen >= rank) return shown_for(i);
  }
  return std::nullopt;
}

}  // namespace wireproof
