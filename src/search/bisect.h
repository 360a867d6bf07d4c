// The highest load that meets a loss goal, by bisection with a good first guess. Pure: it sees a
// Measurer and a Clock, never a frame.
//
// What is found is the highest load of a *trial*: a device with room for Q frames passes its
// capacity + Q / duration. final_duration > trial_duration confirms the answer by one longer trial;
// if that fails, the search goes on below it by trials of the final duration alone, so that no load
// counts as good above one that failed (a late failure pulls the lower bound down).
//
// Invalid trials never move a bound. A load is tried again invalid_retries times, then given up,
// and the search goes on below it: below what the tester achieved there when it achieved the same
// each time, which is then its limit; otherwise something disturbed it, and that says nothing of
// other loads, so that up to three loads above it are tried as well: one that fails is an upper
// bound, and one that passes takes the search there. The search is tester_limited when its interval
// ends at such a load and not at one that failed. The trial as fast as the tester can is only there
// to find out where to look, and is not repeated where frames were lost as well: its load was never
// paced, so that it is no bound itself. What it offered is tried again, paced, where an answer
// would rest on it.
//
// A trial that passed proves what it offered of its load. One that left out more of it than the
// precision is tried again as often as an invalid one, and is then taken for what it has proven.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "base/clock.h"
#include "base/result.h"
#include "trial/measurer.h"
#include "trial/search.h"

namespace wireproof {

// Frames a second, of a spec that check_search() takes: a trial below this sends no frame at all.
[[nodiscard]] double lowest_load(const SearchSpec& spec);

// kUsage when the spec contradicts itself, such as a highest load that sends no frame in a trial.
[[nodiscard]] Status check_search(const SearchSpec& spec);

// Called after every trial, on the calling thread, with all that is known so far and an estimate of
// the time left.
using SearchProgress = std::function<void(const SearchResult& so_far, Nanoseconds time_left)>;

// Fails with kUsage when the spec contradicts itself; otherwise always terminates, within
// trials_max(spec) trials, whatever the device does. An error of the measurer ends it: before the
// first trial as an error, later with what is known and SearchResult::error; an interruption always
// with what is known. The time limit ends it before a trial that would not end in time, but one
// trial is always run. Trial ids count from 1. `known`: trials of the same frames for other goals;
// those that say something of this goal are where it begins, and are among its trials.
[[nodiscard]] Result<SearchResult> bisect(const SearchSpec& spec, Measurer& measurer,
                                          const Clock& clock, const SearchProgress& progress,
                                          std::span<const TrialResult* const> known = {});

// A tester without a stated maximum is taken to offer 10^12 frames a second at most.
[[nodiscard]] std::size_t trials_max(const SearchSpec& spec);

}  // namespace wireproof
