// Gaps in a worker's own clock: turns of its loop that took longer than their work can take. The
// core was somebody else's meanwhile (the scheduler's, an interrupt's, a hypervisor's), or a system
// call of the backend's own took that long. One writer; read after it has stopped.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace wireproof {

struct PreemptionThresholds {
  Nanoseconds idle = 2 * kMicrosecond;    // of a turn in which nothing was sent or received
  Nanoseconds busy = 100 * kMicrosecond;  // of one in which a burst was
};

class PreemptionLog {
 public:
  static constexpr std::size_t kLogMax = 4096;
  // Some tens of microseconds a sleeper takes to wake on an idle core.
  static constexpr Nanoseconds kLongWake = 100 * kMicrosecond;

  struct Preemption {
    Nanoseconds at = 0;  // on the clock
    Nanoseconds length = 0;
  };

  explicit PreemptionLog(const PreemptionThresholds& thresholds) : thresholds_(thresholds) {
    log_.reserve(kLogMax);
  }

  // Nothing is noted before the first call of either, nor across begin().
  void begin(Nanoseconds now) { last_ = now; }
  void turn(Nanoseconds now, bool busy) {
    if (now - last_ >= (busy ? thresholds_.busy : thresholds_.idle)) [[unlikely]] {
      note({.at = last_, .length = now - last_});
    }
    last_ = now;
  }

  // After a nap that was to end at `due`: what it took longer is a gap like any other.
  void woke(Nanoseconds due, Nanoseconds now) {
    if (now - due >= kLongWake) [[unlikely]]
      note({.at = due, .length = now - due});
    last_ = now;
  }

  [[nodiscard]] const PreemptionThresholds& thresholds() const { return thresholds_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Nanoseconds total() const { return total_; }
  [[nodiscard]] Nanoseconds max() const { return max_; }
  // The first kLogMax.
  [[nodiscard]] const std::vector<Preemption>& log() const { return log_; }

 private:
  [[gnu::noinline]] void note(const Preemption& preemption) {
    ++count_;
    total_ += preemption.length;
    max_ = std::max(max_, preemption.length);
    if (log_.size() < kLogMax) log_.push_back(preemption);
  }

  PreemptionThresholds thresholds_;
  Nanoseconds last_ = 0;
  std::uint64_t count_ = 0;
  Nanoseconds total_ = 0;
  Nanoseconds max_ = 0;
  std::vector<Preemption> log_;
};

}  // namespace wireproof
