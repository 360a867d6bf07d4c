// What a job changes of the thread that runs it, for as long as it runs: another job may follow on
// the same thread, or run on another one meanwhile. Each is made and ended on that thread; threads
// that it starts meanwhile inherit both.
#pragma once

#include <utility>

#include "base/clock.h"
#include "base/cpu.h"

namespace wireproof {

class ScopedCpus {
 public:
  // The calling thread runs on `cpus` alone from now on. Fails as run_current_thread_on() does.
  [[nodiscard]] static Result<ScopedCpus> make(const CpuList& cpus);

  ScopedCpus(ScopedCpus&& other) noexcept : before_(std::exchange(other.before_, {})) {}
  ScopedCpus& operator=(ScopedCpus&& other) noexcept {
    std::swap(before_, other.before_);
    return *this;
  }
  // Where it ran before.
  ~ScopedCpus();

 private:
  explicit ScopedCpus(CpuList before) : before_(std::move(before)) {}

  CpuList before_;  // empty: moved from
};

// How much later than it asked the kernel may wake the thread (prctl(2), PR_SET_TIMERSLACK); by
// default 50 us.
class ScopedTimerSlack {
 public:
  explicit ScopedTimerSlack(Nanoseconds slack);
  ~ScopedTimerSlack();
  ScopedTimerSlack(const ScopedTimerSlack&) = delete;
  ScopedTimerSlack& operator=(const ScopedTimerSlack&) = delete;

 private:
  int before_;  // as prctl(2) gives it; negative: it refused
};

}  // namespace wireproof
