// The clock of a test: the axis of every stamp, delay and duration.
#pragma once

#include <atomic>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/clock_state.h"
#include "base/step_watch.h"
#include "base/stop.h"
#include "base/tick_line.h"

namespace wireproof {

// Its axis is CLOCK_MONOTONIC_RAW (clock_gettime(2)): never stepped, never slewed. Read through the
// processor's TSC where that is invariant and the kernel itself keeps time by it, by the system
// call's user-space half otherwise. When the TSC turns out not to be trusted after all (cores that
// disagree, a kernel that gave it up) the clock falls back in mid-run and stays on its axis.
//
// now() and sleep_until(): any thread. The rest: the control thread.
class HostClock final : public Clock {
 public:
  // Takes some 10 ms where the TSC is used: a first fit of its rate, sleeping. `root`: where the
  // kernel's choice of clock source is read (CpuFacts).
  explicit HostClock(std::string root = "/");

  HostClock(const HostClock&) = delete;
  HostClock& operator=(const HostClock&) = delete;

  [[nodiscard]] Nanoseconds now() const override {
    if (!ticking_.load(std::memory_order_acquire)) return raw_now();
    return line_.now();
  }
  void sleep_until(Nanoseconds deadline) const override;

  // Looks for a step of the wall clock, and fits the TSC anew when the last fit is a second old or
  // was made from half of what is known by now: some microseconds.
  void maintain() const override;
  // Fits the TSC anew now, unless it was done some milliseconds ago. The baseline is the life of
  // the clock, so that the error shrinks as it goes on. Falls back where the TSC and the kernel's
  // clock have parted.
  void refit() const;

  // Compares the clock of the cores that a test uses (core_offset.h), each with the first: some
  // 0.2 ms a core, eight times 20 ms at most where others keep it busy. Falls back when two cannot
  // be the same clock; then what it falls back to is compared.
  // Soon over, with less than all compared, once `stop` is set.
  void check_cores(std::span<const unsigned> cpus, StopFlag stop = nullptr) const;

  // Reads CLOCK_MONOTONIC_RAW from here on, on the same axis.
  void distrust(std::string reason) const;

  [[nodiscard]] ClockState describe() const;

 private:
  [[nodiscard]] Nanoseconds raw_now() const;
  // False when two cores cannot be the same clock; says which.
  [[nodiscard]] bool compare_cores(std::span<const unsigned> cpus, std::string& disagreement,
                                   StopFlag stop) const;

  std::string root_;
  // What follows does not change the axis: a const Clock is looked after by whoever runs a test.
  mutable std::atomic<bool> ticking_{false};
  mutable std::atomic<Nanoseconds> raw_offset_{0};  // the axis less CLOCK_MONOTONIC_RAW
  mutable TickLine line_;
  Nanoseconds begun_at_ = 0;
  mutable Nanoseconds fitted_at_ = 0;
  mutable std::string reason_;
  mutable unsigned cores_checked_ = 0;
  mutable std::optional<Nanoseconds> core_offset_bound_;
  mutable StepWatch wall_clock_;
};

}  // namespace wireproof
