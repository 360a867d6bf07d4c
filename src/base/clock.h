// Time as an argument. Everything that asks the time takes a Clock, so that pacing, searching and
// the impairment model are tested on a false one (FakeClock) without waiting.
#pragma once

#include <cstdint>

namespace wireproof {

using Nanoseconds = std::int64_t;

inline constexpr Nanoseconds kMicrosecond = 1'000;
inline constexpr Nanoseconds kMillisecond = 1'000'000;
inline constexpr Nanoseconds kSecond = 1'000'000'000;

// For people and for arithmetic; a float by nature, so never used for counts.
[[nodiscard]] constexpr double seconds(Nanoseconds duration) {
  return static_cast<double>(duration) / static_cast<double>(kSecond);
}

class Clock {
 public:
  virtual ~Clock() = default;
  // Any thread. Never goes back; the origin has no meaning. Costs some 10 to 25 ns: call it per
  // burst, not per frame.
  [[nodiscard]] virtual Nanoseconds now() const = 0;
  // Any thread. Returns at or soon after `deadline`; at once when it has passed.
  virtual void sleep_until(Nanoseconds deadline) const = 0;
  // The control thread, while a test runs: about once in 100 ms, and before what counts begins. A
  // clock that must be looked after (HostClock) does it here; it never moves what now() says.
  virtual void maintain() const {}
};

// CLOCK_MONOTONIC. NTP may slew it by up to 500 ppm; it is never stepped. For waiting and for time
// limits; what a test measures is read from HostClock (base/host_clock.h).
class MonotonicClock final : public Clock {
 public:
  [[nodiscard]] Nanoseconds now() const override;
  void sleep_until(Nanoseconds deadline) const override;
};

// Moves only when told to; sleeping moves it. Not for use by two threads at once.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Nanoseconds start = 0) : now_(start) {}
  [[nodiscard]] Nanoseconds now() const override { return now_; }
  void sleep_until(Nanoseconds deadline) const override {
    if (deadline > now_) now_ = deadline;
  }
  void advance(Nanoseconds by) { now_ += by; }

 private:
  mutable Nanoseconds now_;
};

}  // namespace wireproof
