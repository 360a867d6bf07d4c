#include "search/simulated_device.h"

#include <algorithm>
#include <cmath>

#include "trial/derive.h"

namespace wireproof {

namespace {

std::uint64_t whole(double frames) {
  return static_cast<std::uint64_t>(std::floor(frames));
}

std::uint64_t less(std::uint64_t frames, std::uint64_t lost) {
  return frames - std::min(frames, lost);
}

// By Knuth's product of uniforms: fine for the small means used here.
std::uint64_t poisson(double mean, Random& random) {
  const double limit = std::exp(-mean);
  std::uint64_t count = 0;
  for (double product = random.uniform(); product > limit; product *= random.uniform()) ++count;
  return count;
}

}  // namespace

namespace device {

DeviceModel ideal(double capacity_fps, std::uint64_t queue_frames) {
  return [=](std::uint64_t frames, double seconds, Random&) {
    return std::min(frames, whole(capacity_fps * seconds) + queue_frames);
  };
}

DeviceModel infinite() {
  return [](std::uint64_t frames, double, Random&) { return frames; };
}

DeviceModel zero() {
  return [](std::uint64_t, double, Random&) { return std::uint64_t{0}; };
}

DeviceModel soft_knee(double knee_fps, double slope) {
  return [=](std::uint64_t frames, double seconds, Random&) {
    const double load = static_cast<double>(frames) / seconds;
    if (load <= knee_fps) return frames;
    const double ratio = std::min(1.0, slope * (load - knee_fps) / knee_fps);
    return less(frames, 1 + whole(ratio * static_cast<double>(frames)));
  };
}

DeviceModel livelock(double capacity_fps) {
  return [=](std::uint64_t frames, double seconds, Random&) {
    const double load = static_cast<double>(frames) / seconds;
    if (load <= capacity_fps) return frames;
    return whole(capacity_fps * seconds * capacity_fps / load);
  };
}

DeviceModel bursty(double capacity_fps, double burst_probability) {
  return [=](std::uint64_t frames, double seconds, Random& random) {
    const std::uint64_t passed = ideal(capacity_fps)(frames, seconds, random);
    return random.chance(burst_probability) ? less(passed, 100) : passed;
  };
}

DeviceModel noisy(double capacity_fps, double loss_probability) {
  return [=](std::uint64_t frames, double seconds, Random& random) {
    const std::uint64_t passed = ideal(capacity_fps)(frames, seconds, random);
    return less(passed, poisson(static_cast<double>(passed) * loss_probability, random));
  };
}

DeviceModel stalling(double capacity_fps, double per_second, double stall_seconds) {
  return [=](std::uint64_t frames, double seconds, Random& random) {
    const std::uint64_t passed = ideal(capacity_fps)(frames, seconds, random);
    const auto stalls = static_cast<double>(poisson(per_second * seconds, random));
    return less(passed, whole(stalls * stall_seconds * static_cast<double>(frames) / seconds));
  };
}

DeviceModel drifting(double capacity_fps, double per_trial) {
  return [=, now = capacity_fps](std::uint64_t frames, double seconds, Random& random) mutable {
    now *= 1 + per_trial;
    return ideal(now)(frames, seconds, random);
  };
}

DeviceModel sleepy(double threshold_fps, double capacity_fps) {
  return [=](std::uint64_t frames, double seconds, Random& random) {
    if (static_cast<double>(frames) / seconds < threshold_fps) return less(frames, 1 + frames / 10);
    return ideal(capacity_fps)(frames, seconds, random);
  };
}

DeviceModel coin() {
  return [](std::uint64_t frames, double, Random& random) {
    return random.chance(0.5) ? frames : less(frames, 1 + random.below(frames));
  };
}

}  // namespace device

SimulatedTester::Behind SimulatedTester::preempt(const TrialSpec& spec, TrialResult& trial) {
  if (preemptions_per_second == 0 || spec.max_rate) return {};
  const double duration = seconds(spec.duration);
  const std::uint64_t times = poisson(preemptions_per_second * duration, random_);
  PreemptionSummary& log = trial.directions[0].pacing.preemptions;
  log.count = times;
  log.total = static_cast<Nanoseconds>(times) * preemption;
  log.max = times > 0 ? preemption : 0;
  const std::uint64_t burst = whole(spec.intended_fps * seconds(preemption));
  if (burst <= device_room) return {};
  return {times * burst, times * (burst - device_room)};
}

Result<TrialResult> SimulatedTester::measure(const TrialSpec& spec) {
  const std::size_t number = asked.size();
  asked.push_back(spec);
  if (error_at == number) return tl::unexpected(error);
  clock_.advance(spec.duration + overhead);
  const double seconds = wireproof::seconds(spec.duration);
  const double asked_fps = spec.max_rate ? tester_max_fps : spec.intended_fps;

  TrialResult trial;
  trial.spec = spec;
  trial.duration = spec.duration;
  trial.directions.resize(1);
  trial.directions[0].to = "device";
  Counts& c = trial.directions[0].counts;
  Attribution& a = trial.directions[0].attribution;
  c.intended = whole(asked_fps * seconds);
  const bool paced = !spec.max_rate && number >= paced_from;
  const double possible = paced ? std::min(tester_max_fps, paced_max_fps) : tester_max_fps;
  c.offered = std::min(c.intended, whole(possible * seconds));
  if (number < disturbed_trials)
    c.offered = whole(static_cast<double>(c.offered) * (0.2 + 0.6 * random_.uniform()));
  const bool leaves_out_some = !spec.max_rate && number < leaves_out_until;
  const std::uint64_t tolerated = leaves_out_some ? std::min(leaves_out, c.offered) : 0;
  c.offered -= tolerated;
  c.unsent = a.tx_shortfall = c.intended - c.offered;
  std::uint64_t passed = device_(c.offered, seconds, random_);
  const Behind behind = preempt(spec, trial);
  passed = std::min(passed, less(c.offered, behind.lost));
  if (spec.max_rate) passed -= std::min(passed, flood_loses);
  c.received = c.unique = std::min(passed, whole(receive_max_fps * seconds));
  c.lost = c.offered - c.unique;
  a.rx_ring = c.rx_dropped = passed - c.unique;
  a.dut = c.offered - passed;

  const bool lost_too_many = loss_ratio(trial) > spec.goal_loss_ratio;
  trial.verdict = lost_too_many ? Verdict::kFail : Verdict::kPass;
  if (lost_too_many) trial.reason = "lost";
  if (c.unsent > tolerated || c.rx_dropped > 0 || random_.chance(invalid_probability)) {
    trial.verdict = Verdict::kInvalid;
    trial.reason = c.unsent > tolerated ? "tx shortfall" : "rx ring";
  }
  if (c.lost > 0 && c.lost <= behind.at_most) {
    trial.verdict = Verdict::kInvalid;
    trial.reason = "not attributable";
  }
  if (trial.verdict == Verdict::kPass && spec.intended_fps >= disturbed_from_fps) {
    trial.verdict = Verdict::kInvalid;
    trial.reason = "disturbed";
  }
  trial.interrupted = interrupted_at == number;
  return trial;
}

}  // namespace wireproof
