#include "base/clock.h"

#include <cerrno>
#include <ctime>

namespace wireproof {

Nanoseconds MonotonicClock::now() const {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

void MonotonicClock::sleep_until(Nanoseconds deadline) const {
  const timespec until{.tv_sec = deadline / kSecond, .tv_nsec = deadline % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    if (now() >= deadline) return;
  }
}

}  // namespace wireproof
