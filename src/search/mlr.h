// The highest loads that meet several goals, in one search (RFC 9971, MLRsearch): one list of
// trials, of which each counts for every goal. Pure: it sees a Measurer and a Clock, never a frame.
//
// A goal is answered by two loads: the largest lower bound below the smallest upper bound, each by
// as many trials of the goal's final duration as its duration sum and exceed ratio want
// (search/load_class.h). Which load to try is free: short trials first close in on where the goals'
// bounds will be (search/goal_search.h), then those loads alone are tried until they are decided.
// A load that comes out otherwise after all opens the interval again.
//
// Invalid trials never are evidence. What disturbs the tester comes with the time that a trial
// takes and not with its load, so that the load is tried again, by a shorter trial where the latest
// ones tell that the long ones come to nothing (search/disturbance.h). It is given up after
// invalid_retries more of one duration, or sooner where trials as long have come to nothing at
// other loads as well. What the tester achieves steadily below such a load is its limit. Where it
// has none, some loads above are tried as well, beside what came back: one that fails is an upper
// bound. A trial that decides, at a load that the tester has guaranteed for a while, is repeated
// for a minute, and the search ends when it comes to nothing: lower loads would be no better.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "trial/measurer.h"
#include "trial/search.h"

namespace wireproof {

// kUsage when one of the goals contradicts itself or the others: they have the frames, the range,
// the retries and the time limit in common.
[[nodiscard]] Status check_goals(std::span<const SearchSpec> goals);

// After a trial.
struct MlrView {
  std::span<const SearchResult> so_far;  // of each goal, without its trials
  std::span<const TrialResult> trials;   // all, this one at the end
  std::size_t goal = 0;                  // that it was made for
  Nanoseconds left = 0;                  // an estimate
};

// Called after every trial, on the calling thread.
using MlrProgress = std::function<void(const MlrView& view)>;

// Each goal's result, in their order; all trials are in each. Fails with kUsage when the goals
// contradict themselves; otherwise always terminates, within mlr_trials_max(goals) trials, whatever
// the device does. Errors, interruptions and the time limit: as for bisect(). Trial ids count from
// 1.
[[nodiscard]] Result<std::vector<SearchResult>> mlr_search(std::span<const SearchSpec> goals,
                                                           Measurer& measurer, const Clock& clock,
                                                           const MlrProgress& progress = {});

[[nodiscard]] std::size_t mlr_trials_max(std::span<const SearchSpec> goals);

}  // namespace wireproof
