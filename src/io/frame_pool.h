// Buffers of a queue's own, lent as Frames, for backends whose kernel copies frames or wants them
// in an order of its own: the boundary lets frames be given back in any. One thread. Last in, first
// out: the bytes used last are still in the cache.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "io/frame.h"

namespace wireproof {

class FramePool {
 public:
  FramePool(std::size_t frames, std::uint16_t capacity)
      : frames_(frames),
        free_(frames),
        bytes_(static_cast<std::uint8_t*>(
            ::operator new (frames* stride_of(capacity), std::align_val_t{64}))) {
    for (std::size_t i = 0; i < frames; ++i) {
      frames_[i] = {.data = bytes_.get() + i * stride_of(capacity),
                    .slot = static_cast<std::uint32_t>(i),
                    .capacity = capacity};
      free_[frames - 1 - i] = &frames_[i];
    }
    free_count_ = frames;
  }

  [[nodiscard]] std::size_t free_count() const { return free_count_; }
  [[nodiscard]] Frame* frame(std::size_t slot) { return &frames_[slot]; }

  // Fills a prefix of `out`.
  std::size_t take(std::span<Frame*> out) {
    const std::size_t count = std::min(out.size(), free_count_);
    free_count_ -= count;
    std::copy_n(free_.data() + free_count_, count, out.data());
    return count;
  }
  // One, or null when all are lent.
  [[nodiscard]] Frame* take() {
    Frame* frame = nullptr;
    take({&frame, 1});
    return frame;
  }
  void put(std::span<Frame* const> frames) {
    assert(free_count_ + frames.size() <= free_.size());
    std::copy_n(frames.data(), frames.size(), free_.data() + free_count_);
    free_count_ += frames.size();
  }

 private:
  struct FreeAligned {
    void operator()(std::uint8_t* bytes) const { ::operator delete (bytes, std::align_val_t{64}); }
  };
  static std::size_t stride_of(std::uint16_t capacity) {
    return (std::size_t{capacity} + 63) / 64 * 64;
  }

  std::vector<Frame> frames_;
  std::vector<Frame*> free_;
  std::size_t free_count_ = 0;
  std::unique_ptr<std::uint8_t[], FreeAligned> bytes_;
};

}  // namespace wireproof
