// The hot loops are steps that a worker runs in turn, so that one core can send, receive or
// forward, or do all of it when cores are few.
#pragma once

#include <limits>

#include "base/clock.h"

namespace wireproof {

class Step {
 public:
  static constexpr Nanoseconds kBusy = 0;
  static constexpr Nanoseconds kWhenever = std::numeric_limits<Nanoseconds>::max();

  virtual ~Step() = default;
  // Does at most one burst. Returns kBusy when there is more to do at once, the time of the next
  // known work, or kWhenever when work comes from outside. Never blocks, never allocates.
  virtual Nanoseconds run() = 0;
};

}  // namespace wireproof
