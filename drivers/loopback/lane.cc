#include "loopback/lane.h"

#include "io/wire_options.h"

namespace wireproof::loopback {
namespace {

// An odd number of cache lines, so that the first lines of all buffers do not fall into the same
// few sets of the cache.
std::size_t stride_of(std::uint16_t buffer_len) {
  return ((std::size_t{buffer_len} + 63) / 64 | 1) * 64;
}

}  // namespace

Channel::Channel(const WireSpec& wire, std::size_t frames, std::size_t copy_frames,
                 std::uint16_t buffer_len)
    : sent(frames),
      returned(frames),
      senders_frames_(frames),
      frames_(frames + copy_frames),
      bytes_(static_cast<std::uint8_t*>(
          ::operator new (frames_.size() * stride_of(buffer_len), std::align_val_t{64}))) {
  if (!is_clean(wire)) model.emplace(wire, frames);
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    frames_[i] = {.data = bytes_.get() + i * stride_of(buffer_len),
                  .slot = static_cast<std::uint32_t>(i),
                  .capacity = buffer_len};
  }
  copies.reserve(copy_frames);
  for (std::size_t i = frames; i < frames_.size(); ++i) copies.push_back(&frames_[i]);
}

}  // namespace wireproof::loopback
