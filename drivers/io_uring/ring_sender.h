// Sending through io_uring: a burst is a batch of sends in one io_uring_enter(2).
#pragma once

#include <liburing.h>

#include <array>
#include <memory>
#include <string>

#include "base/result.h"
#include "io_uring/mmsg_queues.h"

namespace wireproof::sockets {

class RingSender final : public TxQueue {
 public:
  // Fails with kPrecondition where io_uring is refused (old kernel, seccomp, sysctl
  // kernel.io_uring_disabled).
  [[nodiscard]] static Result<std::unique_ptr<RingSender>> make(int fd, std::size_t frames,
                                                                std::uint16_t capacity,
                                                                SendCounts& counts);
  ~RingSender() override;

  RingSender(const RingSender&) = delete;
  RingSender& operator=(const RingSender&) = delete;

  std::size_t borrow(std::span<Frame*> out) override { return pool_.take(out); }
  std::size_t submit(std::span<Frame* const> burst) override;
  std::size_t reap() override;
  void give_back(std::span<Frame* const> frames) override { pool_.put(frames); }

 private:
  RingSender(std::size_t frames, std::uint16_t capacity, SendCounts& counts);
  std::size_t submit_batch(std::span<Frame* const> batch);
  std::size_t settle(std::span<Frame* const> batch);
  void collect();

  static constexpr int kPending = 1 << 30;  // no result of a send is as large

  io_uring ring_{};
  bool ready_ = false;
  FramePool pool_;
  SendCounts& counts_;
  std::uint16_t batch_number_ = 0;
  std::array<int, kBatch> results_{};  // of the latest batch: bytes, -errno, kPending
  std::size_t in_flight_ = 0;          // of earlier batches
};

// Why io_uring cannot be used by this process; empty when it can.
[[nodiscard]] std::string no_io_uring();

}  // namespace wireproof::sockets
