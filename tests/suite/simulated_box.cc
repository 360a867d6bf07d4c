#include "suite/simulated_box.h"

#include <algorithm>
#include <cmath>

namespace wireproof {
namespace {

// When each frame of the trial is sent.
std::vector<Nanoseconds> schedule_of(const TrialSpec& spec, double max_fps) {
  std::vector<Nanoseconds> due;
  double at = 0;
  const auto end = static_cast<double>(spec.duration);
  while (at < end && (spec.frames == 0 || due.size() < spec.frames)) {
    const auto now = static_cast<Nanoseconds>(at);
    due.push_back(now);
    double fps = spec.max_rate ? max_fps : std::min(max_fps, spec.intended_fps);
    if (spec.step && now >= spec.step->at) fps = spec.step->fps;
    at += 1e9 / fps;
  }
  return due;
}

Distribution all_alike(std::uint64_t samples, Nanoseconds delay) {
  return {.samples = samples,
          .min = delay,
          .mean = static_cast<double>(delay),
          .max = delay,
          .p50 = delay,
          .p99_9 = samples >= 10'000 ? std::optional(delay * 2) : std::nullopt};
}

bool among(const std::vector<std::size_t>& numbers, std::size_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

}  // namespace

Result<TrialResult> SimulatedBox::measure(const TrialSpec& spec) {
  const std::size_t number = asked.size();
  asked.push_back(spec);
  if (error_at == number) return fail(ErrorKind::kPrecondition, "the interface is gone");
  const std::vector<Nanoseconds> due = schedule_of(spec, tester_max_fps);
  WireModel wire(wire_);
  TrialResult trial{.spec = spec, .duration = spec.duration};
  if (spec.frames > 0) trial.duration = due.back();
  DirectionResult& direction = trial.directions.emplace_back();
  direction.from = "a";
  direction.to = "b";
  // Without a schedule frames are handed over in rounds of 64, and the last one takes no time.
  const std::size_t last = due.empty() ? 0 : due.size() - 1;
  direction.tx_duration = due.empty() ? 0 : due[spec.max_rate ? last / 64 * 64 : last] - due[0];
  Counts& counts = direction.counts;
  LossBurstSummary bursts;
  bool open = false;  // a frame was lost, and none has arrived since
  for (std::size_t i = 0; i < due.size(); ++i) {
    const bool fluke = i == 0 && among(flukes, number);
    const bool passed = !fluke && wire.arrive(i, due[i]).fate == Fate::kForwarded;
    if (passed && open) bursts.last_sent_before = due[i];
    open = !passed;
    passed ? ++counts.unique : ++counts.lost;
  }
  if (open) bursts.last_sent_before = spec.duration;
  direction.loss_bursts = bursts;
  counts.offered = due.size();
  counts.received = counts.unique;
  counts.unsent = spec.link_may_go ? unsent : 0;
  counts.intended = counts.offered + counts.unsent;
  if (!spec.max_rate && spec.intended_fps > tester_max_fps) {
    counts.intended = static_cast<std::uint64_t>(spec.intended_fps * seconds(spec.duration));
    counts.unsent = counts.intended - counts.offered;
  }
  if (records_delays) {
    const Nanoseconds delay = delays.front();
    if (delays.size() > 1) delays.erase(delays.begin());
    const bool few = among(few_delays, number);
    direction.delay = DelaySummary{.actual = all_alike(few ? 100 : counts.received, delay)};
  }
  if (both_ways) {
    DirectionResult back = direction;
    std::swap(back.from, *back.to);
    back.loss_bursts.reset();
    back.counts.unique = back.counts.received = back.counts.offered;
    back.counts.lost = 0;
    trial.directions.push_back(std::move(back));
  }
  const Counts& first = trial.directions.front().counts;
  const double lost = static_cast<double>(first.lost);
  trial.verdict = lost > spec.goal_loss_ratio * static_cast<double>(first.offered) ? Verdict::kFail
                                                                                   : Verdict::kPass;
  if (among(spoilt, number) || (first.unsent > 0 && !spec.link_may_go)) {
    trial.verdict = Verdict::kInvalid;
    trial.reason = "the tester was disturbed";
  }
  trial.link_went = link_went;
  trial.interrupted = interrupted_at == number;
  clock_.advance(spec.duration + overhead);
  return trial;
}

}  // namespace wireproof
