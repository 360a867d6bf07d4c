// What the two ends of one direction of one queue share.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <vector>

#include "base/shared_count.h"
#include "base/spsc_ring.h"
#include "io/frame.h"
#include "io/wire_model.h"

namespace wireproof::loopback {

// The sender's buffers and the way they take: free at the sender -> `sent` -> the receiver ->
// `returned` -> free. Made by the sender's open, alive until both ends are closed.
class Channel {
 public:
  Channel(const WireSpec& wire, std::size_t frames, std::size_t copies, std::uint16_t buffer_len);

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  [[nodiscard]] bool owns(const Frame* frame) const {
    return frame >= frames_.data() && frame < frames_.data() + frames_.size();
  }
  [[nodiscard]] bool is_copy(const Frame* frame) const { return frame->slot >= senders_frames_; }
  [[nodiscard]] std::size_t senders_frames() const { return senders_frames_; }
  [[nodiscard]] Frame* frame(std::size_t slot) { return &frames_[slot]; }

  SpscRing<Frame*> sent;      // in order of submission
  SpscRing<Frame*> returned;  // room for every frame of the sender
  // The rest is the receiver's alone.
  std::optional<WireModel> model;  // none: a clean wire, which takes a straight path
  std::vector<Frame*> copies;      // free buffers for duplicates
  Frame* copy_to_come = nullptr;   // made when its original left; leaves next
  Nanoseconds latest_arrival = 0;

 private:
  struct FreeAligned {
    void operator()(std::uint8_t* bytes) const { ::operator delete (bytes, std::align_val_t{64}); }
  };
  std::size_t senders_frames_;
  std::vector<Frame> frames_;  // the sender's, then those for copies
  std::unique_ptr<std::uint8_t[], FreeAligned> bytes_;
};

struct Lane {
  std::atomic<Channel*> channel{nullptr};  // set by the sender's open
  std::atomic<std::uint32_t> room{0};      // receive ring, frames; 0: nobody is there
  struct alignas(64) {                     // written by the sending worker
    SharedCount ring_dropped;
    SharedCount no_receiver;
  } sender;
  struct alignas(64) {  // written by the receiving worker
    SharedCount lost;
    SharedCount queue_full;
    SharedCount duplicated;
    SharedCount copies_dropped;  // for want of a buffer: our own ring's fault
    SharedCount corrupted;
    SharedCount held;
    SharedCount steered_away;  // not ours: the host's, were there one
  } receiver;
};

inline constexpr unsigned kMostQueues = 64;

// The cable between the ends 0 (a) and 1 (b). Control thread, but for the lanes.
struct Wire {
  struct Direction {
    std::array<Lane, kMostQueues> lanes;
    std::vector<std::unique_ptr<Channel>> channels;  // also those of senders long gone
  };
  std::array<Direction, 2> from;  // indexed by the sending end
  std::array<bool, 2> open{};
};

}  // namespace wireproof::loopback
