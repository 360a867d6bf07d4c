// Sending with sendmmsg(2), receiving with recvmmsg(2): one system call a burst of up to 64.
#pragma once

#include <sys/socket.h>

#include <array>

#include "base/kernel_clock.h"
#include "base/shared_count.h"
#include "io/backend.h"
#include "io/frame_pool.h"
#include "io/tx_stamps.h"

namespace wireproof::sockets {

inline constexpr std::size_t kBatch = 64;

// What a sending worker counts for the control thread.
struct SendCounts {
  SharedCount dropped;   // taken by the kernel's queue of requests, then refused (io_uring alone)
  SharedCount too_long;  // submits stopped by a datagram longer than the path takes
  SharedCount refused;   // the peer's host said that nobody listens (ICMP port unreachable)
};

// The kernel copies at once, so a frame is free again when submit returns.
class MmsgSender final : public TxQueue {
 public:
  // `clock` outlives it.
  MmsgSender(int fd, std::size_t frames, std::uint16_t capacity, SendCounts& counts,
             const Clock& clock);

  std::size_t borrow(std::span<Frame*> out) override { return pool_.take(out); }
  std::size_t submit(std::span<Frame* const> burst) override;
  std::size_t reap() override { return 0; }
  void give_back(std::span<Frame* const> frames) override { pool_.put(frames); }

  // Null where the kernel gives no transmit stamps.
  [[nodiscard]] const TxStamps* stamps() const { return stamped_ ? &stamps_ : nullptr; }

 private:
  [[nodiscard]] int send_stamped(std::size_t batch);

  int fd_;
  FramePool pool_;
  SendCounts& counts_;
  std::array<mmsghdr, kBatch> messages_{};
  std::array<iovec, kBatch> vectors_{};
  const Clock& clock_;
  TxStamps stamps_;
  TxStampRequest request_;
  const bool stamped_;
};

class MmsgReceiver final : public RxQueue {
 public:
  // `clock` outlives it.
  MmsgReceiver(int fd, std::size_t frames, std::uint16_t capacity, const Clock& clock);

  std::size_t poll(std::span<Frame*> out) override;
  void release(std::span<Frame* const> frames) override { pool_.put(frames); }

  // Datagrams longer than the largest frame, delivered cut.
  SharedCount truncated;

 private:
  struct alignas(cmsghdr) Control {  // of a struct scm_timestamping
    std::array<std::uint8_t, CMSG_SPACE(3 * sizeof(timespec))> bytes;
  };
  std::size_t poll_batch(std::span<Frame*> out);

  int fd_;
  FramePool pool_;
  std::array<mmsghdr, kBatch> messages_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<Control, kBatch> controls_{};
  KernelClock wall_clock_;
};

}  // namespace wireproof::sockets
