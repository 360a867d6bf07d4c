// A bounded queue between exactly two threads: one pushes, one pops. Nothing blocks, nothing is
// allocated after construction. Each side keeps a stale copy of the other's index and refreshes
// it only when it seems to be out of room, so that a burst costs one shared cache line.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <span>
#include <vector>

namespace wireproof {

template <typename T>
class SpscRing {
 public:
  // Holds at least `capacity` items (rounded up to a power of two).
  explicit SpscRing(std::size_t capacity)
      : slots_(std::bit_ceil(std::max<std::size_t>(capacity, 2))), mask_(slots_.size() - 1) {}

  // Producer only. Takes a prefix of `items`; returns how many.
  std::size_t push(std::span<const T> items) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (slots_.size() - (head - tail_seen_) < items.size()) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
    }
    const std::size_t count = std::min(items.size(), slots_.size() - (head - tail_seen_));
    for (std::size_t i = 0; i < count; ++i) slots_[(head + i) & mask_] = items[i];
    head_.store(head + count, std::memory_order_release);
    return count;
  }

  // Consumer only. Fills a prefix of `out`; returns how many.
  std::size_t pop(std::span<T> out) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (head_seen_ - tail < out.size()) head_seen_ = head_.load(std::memory_order_acquire);
    const std::size_t count = std::min(out.size(), head_seen_ - tail);
    for (std::size_t i = 0; i < count; ++i) out[i] = slots_[(tail + i) & mask_];
    tail_.store(tail + count, std::memory_order_release);
    return count;
  }

 private:
  std::vector<T> slots_;
  std::size_t mask_;
  alignas(64) std::atomic<std::size_t> head_{0};
  std::size_t tail_seen_ = 0;  // producer's
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::size_t head_seen_ = 0;  // consumer's
};

}  // namespace wireproof
