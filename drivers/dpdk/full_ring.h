// Whether a receive ring of which nobody counts the drops can have been full.
#pragma once

#include <atomic>
#include <cstdint>

namespace wireproof::dpdk {

// A ring in memory that another process fills (net_memif, net_vhost, net_virtio_user) refuses what
// it has no room for, and the other process drops that: the tester was too slow, and no counter of
// the tester's says so. But as long as fewer frames have been taken from the ring since it was last
// seen empty than it holds, it cannot have been full.
//
// One thread counts, any thread reads.
class FullRing {
 public:
  // `holds`: frames; 0: the driver counts its own drops, and nothing is counted here.
  explicit FullRing(std::uint32_t holds) : holds_(holds) {}

  // After each poll: how many frames came of how many that were asked for.
  void took(std::uint32_t came, std::uint32_t asked) {
    if (holds_ == 0) return;
    run_ += came;
    if (run_ + kSlack >= holds_) {
      times_.store(times_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      run_ = 0;
    }
    if (came < asked) run_ = 0;
  }

  // How often it may have been.
  [[nodiscard]] std::uint64_t times() const { return times_.load(std::memory_order_relaxed); }

  // A poll that took less than it asked for may leave some behind: virtio's driver stops at the end
  // of a cache line of its ring. And some come while it polls.
  static constexpr std::uint32_t kSlack = 64;

 private:
  std::uint32_t holds_;
  std::uint32_t run_ = 0;
  std::atomic<std::uint64_t> times_{0};
};

}  // namespace wireproof::dpdk
