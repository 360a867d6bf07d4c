#include "stats/sequence_tracker.h"

#include <algorithm>

namespace wireproof {
namespace {

constexpr std::uint64_t kBudgetNumbers = std::uint64_t{1} << 20;  // 128 KiB of bits over all spaces
constexpr std::uint64_t kWindowMin = 256;
constexpr std::uint64_t kWindowMax = 65'536;
constexpr std::size_t kCacheLineWords = 8;

std::uint64_t window_words(std::uint32_t spaces, std::uint64_t window) {
  if (window == 0) {
    const std::uint64_t share = kBudgetNumbers / std::max<std::uint64_t>(spaces, 1);
    window = std::bit_floor(std::clamp(share, kWindowMin, kWindowMax));
  }
  return std::bit_ceil(std::max<std::uint64_t>(window, 64)) / 64;
}

std::uint64_t zeros(std::uint64_t word) {
  return static_cast<std::uint64_t>(64 - std::popcount(word));
}

}  // namespace

SequenceTracker::SequenceTracker(std::uint32_t spaces, std::uint64_t window)
    : spaces_(spaces),
      window_words_(window_words(spaces, window)),
      stride_((window_words_ + kHead + kCacheLineWords - 1) / kCacheLineWords * kCacheLineWords),
      memory_(stride_ * spaces) {
  clear();
}

void SequenceTracker::clear() {
  // Words that hold no numbers yet read as full: leaving the window they are no holes.
  std::fill(memory_.begin(), memory_.end(), ~std::uint64_t{0});
  for (std::uint32_t space = 0; space < spaces_; ++space) {
    std::fill_n(memory_.begin() + static_cast<std::ptrdiff_t>(space * stride_), kHead, 0);
  }
  gaps_passed_ = 0;
}

void SequenceTracker::advance(std::uint64_t* next, std::uint64_t* words, std::uint64_t sequence) {
  const std::uint64_t newest = *next == 0 ? ~std::uint64_t{0} : (*next - 1) >> 6;
  const std::uint64_t steps = (sequence >> 6) - newest;  // wraps rightly from "none yet"
  std::uint64_t holes = 0;
  for (std::uint64_t i = 1; i <= std::min(steps, window_words_); ++i) {
    std::uint64_t& word = words[(newest + i) & (window_words_ - 1)];
    holes += zeros(word);
    word = 0;
  }
  // A jump beyond the window skips whole words that were never in it.
  if (steps > window_words_) holes += (steps - window_words_) * 64;
  next[1] += holes;
  gaps_passed_ += holes;
}

std::uint64_t SequenceTracker::gaps(std::uint32_t space) const {
  const std::uint64_t* base = memory_.data() + std::size_t{space} * stride_;
  const std::uint64_t next = base[0];
  if (next == 0) return 0;
  std::uint64_t holes = base[1];
  for (std::uint64_t i = 0; i < window_words_; ++i) holes += zeros(base[kHead + i]);
  // The newest word also has zeros for numbers not yet reached.
  return holes - (63 - ((next - 1) & 63));
}

}  // namespace wireproof
