// Which numbers of each sequence space have arrived, once, twice or out of order. Exact within a
// window of sequence numbers behind the highest seen; an older arrival is unclassified, because
// exactness with bounded memory needs a bound.
//
// A space is one run of memory (highest number, then the window as a ring of bits), so that a frame
// touches one or two cache lines however many spaces there are. One writer.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace wireproof {

enum class Arrived : std::uint8_t {
  kInOrder,       // first copy, number above all seen (RFC 4737 section 3.3: s >= NextExp)
  kReordered,     // first copy, a larger number came before
  kDuplicate,     // a copy came before (RFC 5560)
  kUnclassified,  // older than the window
};

class SequenceTracker {
 public:
  // `spaces` >= 1. The window is a power of two, the same for each space; 0 chooses it so that the
  // whole stays within the second-level cache: 65,536 numbers for up to 16 spaces, 1,024 for 1,024,
  // 256 for 4,096.
  explicit SequenceTracker(std::uint32_t spaces, std::uint64_t window = 0);

  [[nodiscard]] std::uint32_t spaces() const { return spaces_; }
  [[nodiscard]] std::uint64_t window() const { return window_words_ * 64; }

  void clear();

  // Brings the memory of (space, sequence) near; the observation follows some frames later.
  void prefetch(std::uint32_t space, std::uint64_t sequence) const {
    const std::uint64_t* base = memory_.data() + std::size_t{space} * stride_;
    __builtin_prefetch(base, 1);
    __builtin_prefetch(base + kHead + ((sequence >> 6) & (window_words_ - 1)), 1);
  }

  // space < spaces(). Numbers begin at 0.
  Arrived observe(std::uint32_t space, std::uint64_t sequence) {
    std::uint64_t* next = memory_.data() + std::size_t{space} * stride_;
    std::uint64_t* words = next + kHead;
    const std::uint64_t bit = std::uint64_t{1} << (sequence & 63);
    if (sequence >= *next) {
      if (*next == 0 || (sequence >> 6) != ((*next - 1) >> 6)) advance(next, words, sequence);
      words[(sequence >> 6) & (window_words_ - 1)] |= bit;
      *next = sequence + 1;
      return Arrived::kInOrder;
    }
    if ((*next - 1) / 64 - sequence / 64 >= window_words_) return Arrived::kUnclassified;
    std::uint64_t& word = words[(sequence >> 6) & (window_words_ - 1)];
    if ((word & bit) != 0) return Arrived::kDuplicate;
    word |= bit;
    return Arrived::kReordered;
  }

  // One more than the highest number seen in the space; 0: none.
  [[nodiscard]] std::uint64_t next_expected(std::uint32_t space) const {
    return memory_[std::size_t{space} * stride_];
  }
  // Numbers below next_expected that did not arrive (an unclassified arrival does not count as
  // arrived): those that left the window as holes, and those that are holes now.
  [[nodiscard]] std::uint64_t gaps(std::uint32_t space) const;
  // Holes that have left the window so far, over all spaces: a lower bound of the loss, and it
  // never goes back. The live line is made of it.
  [[nodiscard]] std::uint64_t gaps_passed() const { return gaps_passed_; }

 private:
  static constexpr std::size_t kHead = 2;  // words in front of the window: next, gaps passed

  // Moves the window so that `sequence` is in its newest word: every word on the way gives up the
  // numbers it held, and its zeros were holes.
  void advance(std::uint64_t* next, std::uint64_t* words, std::uint64_t sequence);

  std::uint32_t spaces_;
  std::uint64_t window_words_;
  std::size_t stride_;  // words a space
  std::vector<std::uint64_t> memory_;
  std::uint64_t gaps_passed_ = 0;
};

}  // namespace wireproof
