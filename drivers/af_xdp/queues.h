// The two workers' ends of an AF_XDP socket. Copy mode and zero-copy take the same road: write
// descriptors, wake the kernel where it asks for it, once a burst.
#pragma once

#include <vector>

#include "af_xdp/hint_line.h"
#include "af_xdp/socket.h"
#include "base/kernel_clock.h"
#include "base/shared_count.h"
#include "io/backend.h"

namespace wireproof::af_xdp {

// Owns the transmit and the completion ring.
class XdpTxQueue final : public TxQueue {
 public:
  explicit XdpTxQueue(Socket& socket);

  std::size_t borrow(std::span<Frame*> out) override;
  std::size_t submit(std::span<Frame* const> burst) override;
  std::size_t reap() override;
  void give_back(std::span<Frame* const> frames) override;

 private:
  void collect();
  void kick() const;
  [[nodiscard]] bool kernel_has_work() const;

  Socket& socket_;
  const int fd_;
  std::vector<Frame> frames_;         // by chunk index
  std::vector<std::uint32_t> spare_;  // a stack: the chunk used last is still in the cache
  std::size_t spare_count_;
  std::size_t in_flight_ = 0;
};

// Owns the receive and the fill ring.
class XdpRxQueue final : public RxQueue {
 public:
  // `clock` outlives it. `hints`: the program writes the NIC's stamps too.
  XdpRxQueue(Socket& socket, const Clock& clock, bool hints);

  std::size_t poll(std::span<Frame*> out) override;
  void release(std::span<Frame* const> frames) override;

  [[nodiscard]] bool owns(const Frame* frame) const {
    return frame >= frames_.data() && frame < frames_.data() + frames_.size();
  }

  SharedCount hinted;  // frames whose stamp the NIC's own made earlier

 private:
  [[nodiscard]] Nanoseconds stamp_of(const xdp_desc& descriptor) const;
  void take_hints(std::span<Frame* const> frames);

  Socket& socket_;
  const int fd_;
  std::vector<Frame> frames_;  // by chunk index less tx_frames
  KernelClock kernel_clock_;   // of bpf_ktime_get_ns
  const bool hints_;
  HintLine hint_line_;
};

// The sockets of several of the NIC's queues as one: which queue a frame comes over is the NIC's
// choice, and none of them may stay without a reader. They take turns; frames of different sockets
// keep no order among each other.
class XdpRxTurns final : public RxQueue {
 public:
  // `members`, one at least, outlive it.
  explicit XdpRxTurns(std::vector<XdpRxQueue*> members) : members_(std::move(members)) {}

  std::size_t poll(std::span<Frame*> out) override;
  void release(std::span<Frame* const> frames) override;

 private:
  std::vector<XdpRxQueue*> members_;
  std::size_t next_ = 0;
};

}  // namespace wireproof::af_xdp
