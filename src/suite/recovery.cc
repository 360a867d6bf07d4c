#include <algorithm>

#include "suite/tests.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

// All frames may be lost: what a device does with an overload, or while it is reset, is no failure.
constexpr double kAnyLoss = 1;

// Before this the last frame was lost, in any direction; absent: none was.
std::optional<Nanoseconds> last_loss(const TrialResult& trial) {
  std::optional<Nanoseconds> last;
  for (const DirectionResult& direction : trial.directions) {
    if (!direction.loss_bursts || !direction.loss_bursts->last_sent_before) continue;
    last = std::max(last.value_or(0), *direction.loss_bursts->last_sent_before);
  }
  return last;
}

// Between the next arrival and the end there is no frame that could have told.
Nanoseconds two_frames(double fps) {
  return static_cast<Nanoseconds>(2e9 / fps);
}

}  // namespace

Status run_recovery(SuiteTrials& trials, const SuiteSpec& spec, double throughput_fps,
                    double max_fps, RecoveryTest& into) {
  constexpr double kOverload = 1.1;  // RFC 2544 section 26.5
  if (carries_highest(throughput_fps, max_fps, spec.precision)) {
    into.applicable = false;
    into.reason = "the throughput is the maximum rate, so that no load is an overload";
    return {};
  }
  into.overload_fps = std::min(kOverload * throughput_fps, max_fps);
  into.then_fps = into.overload_fps / 2;
  const Nanoseconds over = spec.overload_duration;
  const Nanoseconds all = over + spec.recovery_duration;
  for (unsigned i = 0; i < spec.recovery_repetitions; ++i) {
    const auto trial = trials.measure({.intended_fps = into.overload_fps,
                                       .step = RateStep{.at = over, .fps = into.then_fps},
                                       .duration = all,
                                       .goal_loss_ratio = kAnyLoss},
                                      spec.invalid_retries, into.trial_ids);
    if (!trial) return tl::unexpected(trial.error());
    if ((*trial)->verdict == Verdict::kInvalid) {
      into.not_guaranteed = true;
      into.reason = (*trial)->reason;
      continue;
    }
    const std::optional<Nanoseconds> last = last_loss(**trial);
    // The last frames of the trial were lost: when it would have recovered is not known.
    if (!last) {
      into.reason = "the overload lost no frame";
    } else if (*last >= all - two_frames(into.then_fps)) {
      into.reason = "frames were lost until the end of the trial";
    } else {
      into.times.push_back(std::max<Nanoseconds>(0, *last - over));
    }
  }
  return {};
}

Status run_reset(SuiteTrials& trials, const SuiteSpec& spec, double throughput_fps,
                 Resetter* resetter, ResetTest& into) {
  constexpr Nanoseconds kPart = 4;  // of the trial, before the reset
  into.load_fps = throughput_fps;
  for (unsigned i = 0; i < spec.reset_repetitions; ++i) {
    if (resetter != nullptr) {
      if (Status begun = resetter->begin(spec.reset_duration / kPart); !begun) return begun;
    }
    // Sent once: to reset a device again because the tester was disturbed is not ours to decide.
    const auto trial = trials.measure({.intended_fps = throughput_fps,
                                       .duration = spec.reset_duration,
                                       .goal_loss_ratio = kAnyLoss,
                                       .link_may_go = true},
                                      0, into.trial_ids);
    const Status ended = resetter != nullptr ? resetter->end() : Status{};
    if (!trial) return tl::unexpected(trial.error());
    if (!ended) return ended;
    if ((*trial)->verdict == Verdict::kInvalid) {
      into.not_guaranteed = true;
      into.reason = (*trial)->reason;
      continue;
    }
    const std::optional<Nanoseconds> last = last_loss(**trial);
    if (last && *last >= spec.reset_duration - two_frames(throughput_fps)) {
      into.reason = "frames were lost until the end of the trial: give a longer --reset-duration";
      continue;
    }
    std::uint64_t missing = 0;
    for (const DirectionResult& direction : (*trial)->directions) {
      // What could not be sent while a link was down did not arrive either.
      const std::uint64_t unsent = (*trial)->link_went ? direction.counts.unsent : 0;
      missing = std::max(missing, direction.counts.lost + unsent);
    }
    if (missing == 0) {
      into.reason = "no frame was lost: the device was not reset, or keeps forwarding meanwhile";
      continue;
    }
    into.times.push_back(
        static_cast<Nanoseconds>(static_cast<double>(missing) * 1e9 / throughput_fps));
  }
  return {};
}

}  // namespace wireproof
