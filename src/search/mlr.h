// The highest loads that meet several goals, in one search (RFC 9971, MLRsearch): one list of
// trials, of which each counts for every goal. Pure: it sees a Measurer and a Clock, never a frame.
//
// A goal is answered by two loads: the largest lower bound below the smallest upper bound, each by
// as many trials of the goal's final duration as its duration sum and exceed ratio want
// (search/load_class.h). Which load to try is free: short trials first close in on where the goals'
// bounds will be (search/goal_search.h), then those loads alone are tried until they are decided.
// A load that comes out otherwise after all opens the interval again.
//
// Invalid trials never are evidence. A load is tried again, and given up after invalid_retries
// more, or after four times as many where it is not higher than one that a valid trial was made at:
// then it was a disturbance, and no limit of the tester. What the tester achieves steadily above a
// load that was given up is its limit.
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

// Called after every trial, on the calling thread: what is known of each goal, which of them the
// trial was made for, and an estimate of the time left.
using MlrProgress =
    std::function<void(std::span<const SearchResult> so_far, std::size_t goal, Nanoseconds left)>;

// Each goal's result, in their order; all trials are in each. Fails with kUsage when the goals
// contradict themselves; otherwise always terminates, within mlr_trials_max(goals) trials, whatever
// the device does. Errors, interruptions and the time limit: as for bisect(). Trial ids count from
// 1.
[[nodiscard]] Result<std::vector<SearchResult>> mlr_search(std::span<const SearchSpec> goals,
                                                           Measurer& measurer, const Clock& clock,
                                                           const MlrProgress& progress = {});

[[nodiscard]] std::size_t mlr_trials_max(std::span<const SearchSpec> goals);

}  // namespace wireproof
