#include "base/wall_clock.h"

#include <ctime>
#include <limits>

namespace wireproof {
namespace {

// Three readings without an interruption between them take less.
constexpr Nanoseconds kTight = 500;
constexpr int kTries = 4;

}  // namespace

void WallClock::sample() {
  const MonotonicClock monotonic;
  Nanoseconds narrowest = std::numeric_limits<Nanoseconds>::max();
  for (int i = 0; i < kTries && narrowest > kTight; ++i) {
    timespec realtime{};
    const Nanoseconds before = monotonic.now();
    clock_gettime(CLOCK_REALTIME, &realtime);
    const Nanoseconds width = monotonic.now() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    sample(before + width / 2, realtime.tv_sec * kSecond + realtime.tv_nsec);
  }
}

}  // namespace wireproof
