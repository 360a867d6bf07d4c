// The loops of a trial in one thread and on a false clock: while the control thread sleeps, they
// run in turn, and time passes by what a turn costs. What a test sees is then decided by its own
// numbers and by no machine.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "engine/worker.h"

namespace wireproof {

class SimulatedTime final : public Clock {
 public:
  // Of a turn of each worker that has something to do, and the longest nap of one that has not.
  static constexpr Nanoseconds kTurn = 2 * kMicrosecond;
  static constexpr Nanoseconds kNap = 20 * kMicrosecond;

  [[nodiscard]] Nanoseconds now() const override { return now_; }
  // By the control thread: everybody else runs until then.
  void sleep_until(Nanoseconds deadline) const override;

  // A step that runs whenever time passes, such as a device under test. Outlives the clock's use.
  void always(Step& step) { always_.push_back(&step); }
  // Done once, when that time has come.
  void at(Nanoseconds when, std::function<void()> act) { acts_.push_back({when, std::move(act)}); }
  // From `when` on for `length` no worker runs, as if their cores had been taken away, or that of
  // one core alone.
  void pre_empt(Nanoseconds when, Nanoseconds length, std::optional<int> cpu = std::nullopt) {
    taken_.push_back({when, when + length, cpu});
  }

  void maintain() const override { ++maintained_; }
  [[nodiscard]] unsigned maintained() const { return maintained_; }  // so many times

  // For PacketMeasurer::run_on(). The clock outlives the workers.
  [[nodiscard]] MakeWorkers workers();

 private:
  class Crew;
  struct Act {
    Nanoseconds when;
    std::function<void()> act;
  };
  struct Taken {
    Nanoseconds from;
    Nanoseconds to;
    std::optional<int> cpu;  // absent: all
  };

  // Returns when the next turn is due.
  Nanoseconds turn() const;
  void act() const;
  [[nodiscard]] bool taken(int cpu) const;

  mutable Nanoseconds now_ = kSecond;
  mutable unsigned maintained_ = 0;
  mutable std::vector<Act> acts_;
  std::vector<Taken> taken_;
  std::vector<Step*> always_;
  mutable Crew* crew_ = nullptr;  // whose loops run; null: nobody's
};

}  // namespace wireproof
