#include "stats/sequence_tracker.h"

#include <algorithm>
#include <bit>

namespace wireproof {
namespace {

constexpr std::uint64_t kBudgetNumbers = std::uint64_t{1} << 20;  // 128 KiB of bits over all spaces
constexpr std::uint64_t kRingMin = 256;
constexpr std::uint64_t kRingMax = 65'536;
constexpr std::size_t kCacheLineWords = 8;

// A power of two, so that a number finds its word without a division. Words leave it whole, so that
// at times it holds 63 numbers fewer than it has bits.
std::uint64_t ring_words(std::uint32_t spaces, std::uint64_t window) {
  if (window == 0) {
    const std::uint64_t share = kBudgetNumbers / std::max<std::uint64_t>(spaces, 1);
    return std::bit_floor(std::clamp(share, kRingMin, kRingMax)) / 64;
  }
  return std::bit_ceil((window + 63 + 63) / 64);
}

std::uint64_t zeros(std::uint64_t word) {
  return static_cast<std::uint64_t>(64 - std::popcount(word));
}

}  // namespace

SequenceTracker::SequenceTracker(std::uint32_t spaces, std::uint64_t window)
    : spaces_(spaces),
      ring_words_(ring_words(spaces, window)),
      window_(window == 0 ? (ring_words_ - 1) * 64 : window),
      stride_((ring_words_ + kHead + kCacheLineWords - 1) / kCacheLineWords * kCacheLineWords),
      memory_(stride_ * spaces),
      gap_log_(spaces, window_),
      behind_passed_gap_(spaces) {
  clear();
}

void SequenceTracker::clear() {
  // Words that hold no numbers yet read as full: leaving the ring they are no holes.
  std::fill(memory_.begin(), memory_.end(), ~std::uint64_t{0});
  for (std::uint32_t space = 0; space < spaces_; ++space) {
    std::fill_n(memory_.begin() + static_cast<std::ptrdiff_t>(space * stride_), kHead, 0);
  }
  gaps_passed_ = 0;
  gap_log_.clear();
  std::fill(behind_passed_gap_.begin(), behind_passed_gap_.end(), std::nullopt);
  passed_bursts_.clear();
}

Arrived SequenceTracker::jump(std::uint32_t space, std::uint64_t number, Nanoseconds arrived,
                              Nanoseconds delay) {
  std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
  const std::uint64_t next = head[kNext];
  const std::uint64_t skipped = number - next;
  gap_log_.jumped(space, {next, next - head[kMissing], arrived, arrived - delay}, skipped);
  if (next == 0 || (number >> 6) != ((next - 1) >> 6)) advance(space, number);
  head[kHead + ((number >> 6) & (ring_words_ - 1))] |= std::uint64_t{1} << (number & 63);
  head[kNext] = number + 1;
  head[kMissing] += skipped;
  return Arrived::kInOrder;
}

// `distance` > 0 below the next number.
Arrived SequenceTracker::look_back(std::uint32_t space, std::int64_t distance,
                                   Nanoseconds arrived) {
  std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
  const std::uint64_t next = head[kNext];
  const auto back = static_cast<std::uint64_t>(distance);
  if (back > window_ || back > next) return Arrived::kUnclassified;
  const std::uint64_t number = next - back;
  std::uint64_t& word = head[kHead + ((number >> 6) & (ring_words_ - 1))];
  const std::uint64_t bit = std::uint64_t{1} << (number & 63);
  if ((word & bit) != 0) return Arrived::kDuplicate;
  word |= bit;
  gap_log_.reordered(space, number, next - head[kMissing], arrived);
  --head[kMissing];
  return Arrived::kReordered;
}

bool SequenceTracker::has(std::uint32_t space, std::uint64_t sequence) const {
  const std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
  const std::int64_t ahead = sequence_distance(sequence, head[kNext]);
  if (ahead >= 0) return false;
  const auto back = static_cast<std::uint64_t>(-ahead);
  if (back > window_ || back > head[kNext]) return false;
  const std::uint64_t number = head[kNext] - back;
  return (head[kHead + ((number >> 6) & (ring_words_ - 1))] >> (number & 63) & 1) != 0;
}

void SequenceTracker::pass_gap(std::uint32_t space, std::uint64_t number) {
  const GapLog::Gap* gap = gap_log_.find(space, number);
  behind_passed_gap_[space] = gap != nullptr ? std::optional(gap->sent) : std::nullopt;
}

void SequenceTracker::advance(std::uint32_t space, std::uint64_t number) {
  std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
  const std::uint64_t next = head[kNext];
  const std::uint64_t newest = next == 0 ? ~std::uint64_t{0} : (next - 1) >> 6;
  const std::uint64_t steps = (number >> 6) - newest;  // wraps rightly from "none yet"
  LossBurstReader reader{passed_bursts_, head[kOpenRun]};
  std::uint64_t holes = 0;
  for (std::uint64_t i = 1; i <= std::min(steps, ring_words_); ++i) {
    std::uint64_t& word = head[kHead + ((newest + i) & (ring_words_ - 1))];
    if (~word != 0 || reader.open > 0) {
      if (~word != 0) {
        const std::uint64_t last = 63 - static_cast<std::uint64_t>(std::countl_zero(~word));
        pass_gap(space, (newest + i - ring_words_) * 64 + last);
      }
      holes += zeros(word);
      reader.read(word, 64);
    }
    word = 0;
  }
  // A jump beyond the ring skips whole words that were never in it.
  if (steps > ring_words_) {
    const std::uint64_t beyond = (steps - ring_words_) * 64;
    holes += beyond;
    reader.read_lost(beyond);
    pass_gap(space, (newest + steps - ring_words_) * 64 + 63);
  }
  head[kOpenRun] = reader.open;
  head[kPassed] += holes;
  gaps_passed_ += holes;
}

std::uint64_t SequenceTracker::gaps(std::uint32_t space) const {
  const std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
  const std::uint64_t next = head[kNext];
  if (next == 0) return 0;
  std::uint64_t holes = head[kPassed];
  for (std::uint64_t i = 0; i < ring_words_; ++i) holes += zeros(head[kHead + i]);
  // The newest word also has zeros for numbers not yet reached.
  return holes - (63 - ((next - 1) & 63));
}

std::optional<Nanoseconds> SequenceTracker::behind_last_gap(std::uint32_t space) const {
  const std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
  const std::uint64_t next = head[kNext];
  if (next == 0) return std::nullopt;
  const std::uint64_t newest = (next - 1) >> 6;
  for (std::uint64_t i = 0; i < ring_words_; ++i) {
    std::uint64_t holes = ~head[kHead + ((newest - i) & (ring_words_ - 1))];
    if (i == 0) holes &= ~std::uint64_t{0} >> (63 - ((next - 1) & 63));  // not yet reached
    if (holes == 0) continue;
    const std::uint64_t last = 63 - static_cast<std::uint64_t>(std::countl_zero(holes));
    const GapLog::Gap* gap = gap_log_.find(space, (newest - i) * 64 + last);
    return gap != nullptr ? std::optional(gap->sent) : std::nullopt;
  }
  return behind_passed_gap_[space];
}

Reordering SequenceTracker::reordering() const {
  Reordering all = gap_log_.ended();
  for (std::uint32_t space = 0; space < spaces_; ++space) {
    const std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
    if (head[kNext] == 0) continue;
    ++all.free_runs;
    all.free_run_max =
        std::max(all.free_run_max, gap_log_.open_run(space, head[kNext] - head[kMissing]));
  }
  return all;
}

LossBursts SequenceTracker::loss_bursts() const {
  LossBursts all = passed_bursts_;
  for (std::uint32_t space = 0; space < spaces_; ++space) {
    const std::uint64_t* head = memory_.data() + std::size_t{space} * stride_;
    const std::uint64_t next = head[kNext];
    if (next == 0) continue;
    LossBurstReader reader{all, head[kOpenRun]};
    const std::uint64_t newest = (next - 1) >> 6;
    for (std::uint64_t i = 1; i < ring_words_; ++i) {
      reader.read(head[kHead + ((newest + i) & (ring_words_ - 1))], 64);
    }
    // The highest number arrived, so that no run is open behind it.
    reader.read(head[kHead + (newest & (ring_words_ - 1))], ((next - 1) & 63) + 1);
  }
  return all;
}

}  // namespace wireproof
