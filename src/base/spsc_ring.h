// A bounded queue between exactly two threads: one pushes, one pops. Nothing blocks, nothing is
// allocated after construction. Each side keeps a stale copy of the other's index and refreshes
// it only when it seems to be out of room, so that a burst costs one shared cache line.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace wireproof {

template <typename T>
class SpscRing {
 public:
  // Holds at least `capacity` items (rounded up to a power of two).
  explicit SpscRing(std::size_t capacity)
      : slots_(std::bit_ceil(std::max<std::size_t>(capacity, 2))), mask_(slots_.size() - 1) {}

  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }

  // Producer only. Takes a prefix of `items`, while fewer than `room` (and the capacity) are in the
  // ring; returns how many.
  std::size_t push(std::span<const T> items, std::size_t room = SIZE_MAX) {
    room = std::min(room, slots_.size());
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_seen_ + items.size() > room) {
      tail_seen_ = tail_.load(std::memory_order_acquire);
    }
    const std::size_t inside = head - tail_seen_;
    const std::size_t count = std::min(items.size(), inside < room ? room - inside : 0);
    const std::size_t first = std::min(count, slots_.size() - (head & mask_));
    std::copy_n(items.data(), first, slots_.data() + (head & mask_));
    std::copy_n(items.data() + first, count - first, slots_.data());
    head_.store(head + count, std::memory_order_release);
    return count;
  }

  // Consumer only. Fills a prefix of `out`; returns how many.
  std::size_t pop(std::span<T> out) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (head_seen_ - tail < out.size()) head_seen_ = head_.load(std::memory_order_acquire);
    const std::size_t count = std::min(out.size(), head_seen_ - tail);
    const std::size_t first = std::min(count, slots_.size() - (tail & mask_));
    std::copy_n(slots_.data() + (tail & mask_), first, out.data());
    std::copy_n(slots_.data(), count - first, out.data() + first);
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
