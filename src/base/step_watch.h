// Whether somebody set the wall clock while we measured.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace wireproof {

// Compares CLOCK_REALTIME with CLOCK_MONOTONIC: the kernel slews both alike (adjtimex(2),
// clock_gettime(2)), so that their difference changes by steps alone and whatever it changed by was
// a step. One thread.
class StepWatch {
 public:
  // `difference` is realtime - monotonic. A change of up to kStepMin may be an interruption between
  // the two readings.
  void look(Nanoseconds difference) {
    if (last_) {
      const Nanoseconds moved = difference - *last_;
      if (moved > kStepMin || moved < -kStepMin) {
        ++steps_;
        total_ns_ += moved < 0 ? -moved : moved;
      }
    }
    last_ = difference;
  }
  // As look(), with both clocks read here.
  void look();

  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  // Sizes without their signs, so that a step and its undoing do not vanish.
  [[nodiscard]] Nanoseconds total_ns() const { return total_ns_; }

  static constexpr Nanoseconds kStepMin = kMillisecond;

 private:
  std::optional<Nanoseconds> last_;
  std::uint64_t steps_ = 0;
  Nanoseconds total_ns_ = 0;
};

}  // namespace wireproof
