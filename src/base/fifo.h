// A queue in one block of memory for one thread. Grows by doubling when it is full and never
// shrinks, so that a load that has once been seen never allocates again.
#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace wireproof {

template <typename T>
class Fifo {
 public:
  // Room for `capacity` items before the first growth (rounded up to a power of two).
  explicit Fifo(std::size_t capacity) : slots_(std::bit_ceil(std::max<std::size_t>(capacity, 1))) {}

  [[nodiscard]] bool empty() const { return head_ == tail_; }
  [[nodiscard]] std::size_t size() const { return head_ - tail_; }
  [[nodiscard]] T& front() {
    assert(!empty());
    return slots_[tail_ & (slots_.size() - 1)];
  }
  [[nodiscard]] const T& front() const {
    assert(!empty());
    return slots_[tail_ & (slots_.size() - 1)];
  }
  // 0 is the front.
  [[nodiscard]] T& operator[](std::size_t index) {
    assert(index < size());
    return slots_[(tail_ + index) & (slots_.size() - 1)];
  }
  void push(const T& item) {
    if (size() == slots_.size()) grow();
    slots_[head_++ & (slots_.size() - 1)] = item;
  }
  void pop() {
    assert(!empty());
    ++tail_;
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.size() * 2);
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) larger[i] = std::move((*this)[i]);
    slots_ = std::move(larger);
    tail_ = 0;
    head_ = count;
  }

  std::vector<T> slots_;
  std::size_t head_ = 0;  // pushed so far, counted from the last growth
  std::size_t tail_ = 0;  // popped so far
};

}  // namespace wireproof
