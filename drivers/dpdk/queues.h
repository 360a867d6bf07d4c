// The hot ends of a port: bursts between Frames and DPDK.
#pragma once

#include <rte_ethdev.h>

#include <atomic>
#include <cstdint>

#include "base/tick_line.h"
#include "eal.h"
#include "full_ring.h"
#include "io/backend.h"
#include "io/steering_match.h"
#include "pool.h"
#include "responder.h"

namespace wireproof::dpdk {

// Adopts the thread that uses a queue, when it is another than before.
class ThreadsOwn {
 public:
  void check() {
    if (thread_ == __builtin_thread_pointer()) return;
    thread_ = __builtin_thread_pointer();
    adopt_thread();
  }

 private:
  void* thread_ = nullptr;
};

class TxBursts final : public TxQueue {
 public:
  // `gate`: null unless others send on this queue too.
  TxBursts(std::uint16_t port, std::uint16_t queue, Pool pool, Gate* gate);

  std::size_t borrow(std::span<Frame*> out) override;
  std::size_t submit(std::span<Frame* const> burst) override;
  std::size_t reap() override;
  void give_back(std::span<Frame* const> frames) override;

  [[nodiscard]] rte_mempool* pool() const { return pool_.get(); }
  // Frames that the driver did not take when offered; they were offered again. Any thread.
  [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  std::uint16_t port_;
  std::uint16_t queue_;
  ThreadsOwn owner_;
  Pool pool_;
  Gate* gate_;
  std::uint64_t rearm_;  // what a single-segment mbuf begins with (rte_mbuf::rearm_data)
  unsigned lent_ = 0;
  std::atomic<std::uint64_t> refused_{0};
};

// Where DPDK puts a NIC's receive time, and how it becomes ours.
struct RxStamps {
  int offset = -1;  // of the mbuf's dynamic field; -1: the NIC gives none
  std::uint64_t flag = 0;
  // From the NIC's ticks to the axis of OpenSpec::clock; the control thread fits it anew while the
  // queue reads it.
  const TickLine* line = nullptr;

  [[nodiscard]] Nanoseconds read(const rte_mbuf* mbuf) const {
    if ((mbuf->ol_flags & flag) == 0) return 0;
    return line->at(*RTE_MBUF_DYNFIELD(mbuf, offset, const std::uint64_t*));
  }
};

class RxBursts final : public RxQueue {
 public:
  // `holds`: see FullRing.
  RxBursts(std::uint16_t port, std::uint16_t queue, Pool pool, const Steering& steering,
           Responder& responder, std::uint32_t holds);

  std::size_t poll(std::span<Frame*> out) override;
  void release(std::span<Frame* const> frames) override;

  void also_take(const PayloadMark& mark) { match_.also_take(mark); }
  void use_stamps(const RxStamps& stamps) { stamps_ = stamps; }
  [[nodiscard]] rte_mempool* pool() const { return pool_.get(); }
  // How often the ring may have been full. Any thread.
  [[nodiscard]] std::uint64_t filled() const { return full_.times(); }
  // Whether a test frame came without the stamp that the NIC was asked for: some stamp PTP's frames
  // alone. Any thread.
  [[nodiscard]] bool unstamped() const { return unstamped_.load(std::memory_order_relaxed); }

 private:
  void divert(rte_mbuf* mbuf);

  std::uint16_t port_;
  std::uint16_t queue_;
  ThreadsOwn owner_;
  Pool pool_;
  SteeringMatch match_;
  Responder& responder_;
  FullRing full_;
  RxStamps stamps_;
  std::atomic<bool> unstamped_{false};
};

}  // namespace wireproof::dpdk
