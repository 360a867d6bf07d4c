// A tester and a box with a queue, frame by frame, on a false clock: the law of io/wire_model.h, so
// that capacity, queue, recovery and outage are known.
#pragma once

#include <optional>
#include <vector>

#include "base/clock.h"
#include "io/wire_model.h"
#include "trial/measurer.h"

namespace wireproof {

class SimulatedBox final : public Measurer {
 public:
  SimulatedBox(const WireSpec& wire, FakeClock& clock) : wire_(wire), clock_(clock) {}

  Result<TrialResult> measure(const TrialSpec& spec) override;

  double tester_max_fps = 5'000;  // as fast as it can, and the most it can on a schedule
  Nanoseconds overhead = kSecond / 2;
  // The delay of every frame of the next trials, one after another; the last stays.
  std::vector<Nanoseconds> delays = {10 * kMicrosecond};
  bool records_delays = true;
  std::vector<std::size_t> few_delays;  // these trials, counted from 0, have no high percentile
  bool both_ways = false;               // the way back loses nothing
  std::vector<std::size_t> spoilt;      // these trials, counted from 0, are invalid
  std::vector<std::size_t> flukes;      // these lose their first frame, whatever the device does
  std::optional<std::size_t> error_at;
  std::optional<std::size_t> interrupted_at;
  bool link_went = false;
  std::uint64_t unsent = 0;  // of each trial where a link may go
  std::vector<TrialSpec> asked;

 private:
  WireSpec wire_;
  FakeClock& clock_;
};

}  // namespace wireproof
