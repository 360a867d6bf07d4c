// A tester and a device under test made of arithmetic and a seed, on a false clock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "trial/measurer.h"

namespace wireproof {

// What the device lets through of `frames` sent evenly over `seconds`; at most `frames`.
using DeviceModel =
    std::function<std::uint64_t(std::uint64_t frames, double seconds, Random& random)>;

namespace device {

[[nodiscard]] DeviceModel ideal(double capacity_fps, std::uint64_t queue_frames = 0);
[[nodiscard]] DeviceModel infinite();
[[nodiscard]] DeviceModel zero();
// Above the knee the share lost grows with the overload: `slope` of it.
[[nodiscard]] DeviceModel soft_knee(double knee_fps, double slope);
// Overload costs capacity: what gets through falls as capacity^2 / load.
[[nodiscard]] DeviceModel livelock(double capacity_fps);
// A hard device which, whatever the load, loses 100 frames more in some trials.
[[nodiscard]] DeviceModel bursty(double capacity_fps, double burst_probability);
// Each frame is lost with this probability (at most some ten in a trial are simulated).
[[nodiscard]] DeviceModel noisy(double capacity_fps, double loss_probability);
// Power saving: loses a tenth of everything below `threshold_fps`, nothing above, up to capacity.
[[nodiscard]] DeviceModel sleepy(double threshold_fps, double capacity_fps);
// Stands still `per_second` times a second on average, each time for so long, and loses what comes.
[[nodiscard]] DeviceModel stalling(double capacity_fps, double per_second, double stall_seconds);
// Its capacity grows by this part with each trial, or falls.
[[nodiscard]] DeviceModel drifting(double capacity_fps, double per_trial);
// Passes or fails by the throw of a coin.
[[nodiscard]] DeviceModel coin();

}  // namespace device

class SimulatedTester final : public Measurer {
 public:
  SimulatedTester(DeviceModel device, FakeClock& clock, std::uint64_t seed = 1)
      : device_(std::move(device)), clock_(clock), random_(seed) {}

  Result<TrialResult> measure(const TrialSpec& spec) override;

  double tester_max_fps = 1e9;       // the most it can offer
  double paced_max_fps = 1e18;       // the most it can offer on a schedule
  std::size_t paced_from = 0;        // from this trial on, counted from 0
  std::uint64_t flood_loses = 0;     // frames, of a trial without a schedule
  double invalid_probability = 0;    // of a trial, for no reason of its load
  double receive_max_fps = 1e9;      // above this its own receive ring drops
  double disturbed_from_fps = 1e18;  // from here on what a device carries loses some to its bursts
  std::size_t disturbed_trials = 0;  // that many at first leave a varying part unsent
  // The host takes the sender's core away: so often on average, and for so long. What is caught up
  // then is lost beyond what the device has room for, and nobody is charged with it.
  double preemptions_per_second = 0;
  Nanoseconds preemption = 0;
  std::uint64_t device_room = 0;  // frames at once
  std::uint64_t leaves_out = 0;  // frames of each trial that has a schedule: few enough to be valid
  std::size_t leaves_out_until = SIZE_MAX;  // this trial, counted from 0
  Nanoseconds overhead = kSecond / 2;
  std::optional<std::size_t> error_at;  // this trial, counted from 0, is an error instead
  Error error;
  std::optional<std::size_t> interrupted_at;
  std::vector<TrialSpec> asked;

 private:
  DeviceModel device_;
  // Frames that may be lost behind its bursts, and those that are.
  struct Behind {
    std::uint64_t at_most = 0;
    std::uint64_t lost = 0;
  };
  Behind preempt(const TrialSpec& spec, TrialResult& trial);

  FakeClock& clock_;
  Random random_;
};

}  // namespace wireproof
