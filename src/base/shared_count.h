// A counter that one worker writes and any thread reads. No locked instruction: the writer is
// alone, so a relaxed load and store are enough.
#pragma once

#include <atomic>
#include <cstdint>

namespace wireproof {

class SharedCount {
 public:
  void add(std::uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace wireproof
