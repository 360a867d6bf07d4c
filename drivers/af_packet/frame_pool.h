// Buffers of a queue's own, lent as Frames. A kernel ring must be filled and emptied in its own
// order, while the boundary lets frames be given back in any; so frames are copied between the two.
// The copy of a 64-byte frame costs some 5 ns of the 600 that the kernel takes.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/frame.h"

namespace wireproof::af_packet {

// One thread. Last in, first out: the frames used last are still in the cache.
class FramePool {
 public:
  FramePool(std::size_t count, std::uint16_t capacity)
      : capacity_(capacity),
        stride_((std::size_t{capacity} + 63) & ~std::size_t{63}),
        bytes_(count * stride_ + 64),
        frames_(count) {
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes_.data());
    std::uint8_t* first = bytes_.data() + ((64 - begin % 64) % 64);
    free_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      frames_[i].data = first + i * stride_;
      frames_[i].slot = static_cast<std::uint32_t>(i);
      frames_[i].capacity = capacity;
    }
    for (std::size_t i = count; i > 0; --i) free_.push_back(&frames_[i - 1]);
  }
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  [[nodiscard]] Frame* take() {
    if (free_.empty()) return nullptr;
    Frame* frame = free_.back();
    free_.pop_back();
    return frame;
  }
  void give_back(Frame* frame) {
    assert(frame == &frames_[frame->slot] && free_.size() < frames_.size());
    free_.push_back(frame);
  }
  [[nodiscard]] std::uint16_t capacity() const { return capacity_; }

 private:
  std::uint16_t capacity_;
  std::size_t stride_;
  std::vector<std::uint8_t> bytes_;
  std::vector<Frame> frames_;
  std::vector<Frame*> free_;  // reserved once, so that giving back never allocates
};

}  // namespace wireproof::af_packet
