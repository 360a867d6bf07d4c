// When a direction's traffic ends: told by its senders, the last of which says when its last frame
// left, to its receivers, who judge by it what is late, and by the control thread to the senders
// when a trial is cut short.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/clock.h"

namespace wireproof {

inline constexpr Nanoseconds kNotYet = std::numeric_limits<Nanoseconds>::max();

// The receivers' half.
class LateAfter {
 public:
  // Control thread, while no worker runs.
  void start(Nanoseconds waiting_time) {
    waiting_time_ = waiting_time;
    at_.store(kNotYet, std::memory_order_relaxed);
  }
  // Once a run, whoever learns it first: nobody sends any more, and the last frame left then, by
  // the receivers' clock.
  void sending_ended(Nanoseconds last_frame) {
    at_.store(last_frame + waiting_time_, std::memory_order_release);
  }
  // Receivers, once a burst: what arrives later than this is late (RFC 2544 section 23 d). kNotYet
  // while anybody still sends, so that no frame is judged by an end that is not yet known.
  [[nodiscard]] Nanoseconds at() const { return at_.load(std::memory_order_relaxed); }

 private:
  // Read in every turn.
  alignas(64) std::atomic<Nanoseconds> at_{kNotYet};
  Nanoseconds waiting_time_ = 0;
};

// The senders' half.
class EndOfSending {
 public:
  // Control thread, while no worker runs. `epoch`: stands for the last frame where none is sent.
  // `receivers`: are told, where they are in this process; or null.
  void start(std::uint32_t senders, Nanoseconds epoch, LateAfter* receivers) {
    sending_.store(senders, std::memory_order_relaxed);
    last_frame_.store(epoch, std::memory_order_relaxed);
    cut_at_.store(kNotYet, std::memory_order_relaxed);
    receivers_ = receivers;
  }

  // Each sender, once, when it will send no more; `last_frame`: when it sent its last, 0 for none.
  void ended(Nanoseconds last_frame) {
    Nanoseconds known = last_frame_.load(std::memory_order_relaxed);
    while (known < last_frame && !last_frame_.compare_exchange_weak(known, last_frame)) {
    }
    if (sending_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (receivers_ != nullptr)
      receivers_->sending_ended(last_frame_.load(std::memory_order_relaxed));
  }

  // Anybody: when the last frame left, once nobody sends any more.
  [[nodiscard]] std::optional<Nanoseconds> last_frame() const {
    if (sending_.load(std::memory_order_acquire) != 0) return std::nullopt;
    return last_frame_.load(std::memory_order_relaxed);
  }

  // Control thread: senders end at once; what was due after `at` is not asked for.
  void cut(Nanoseconds at) { cut_at_.store(at, std::memory_order_relaxed); }
  // Senders, once a turn.
  [[nodiscard]] Nanoseconds cut_at() const { return cut_at_.load(std::memory_order_relaxed); }

 private:
  // Read in every turn and written next to never, apart from what the senders write.
  alignas(64) std::atomic<Nanoseconds> cut_at_{kNotYet};
  LateAfter* receivers_ = nullptr;
  alignas(64) std::atomic<Nanoseconds> last_frame_{0};
  std::atomic<std::uint32_t> sending_{0};
};

}  // namespace wireproof
