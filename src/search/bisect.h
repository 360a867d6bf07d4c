// The highest load that meets a loss goal, by bisection with a good first guess. Pure: it sees a
// Measurer and a Clock, never a frame.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/result.h"
#include "trial/measurer.h"
#include "trial/search.h"

namespace wireproof {

// Called after every trial, on the calling thread, with all that is known so far and an estimate of
// the time left.
using SearchProgress = std::function<void(const SearchResult& so_far, Nanoseconds time_left)>;

// Always terminates: the number of trials is bounded by the width and the retries, whatever the
// device does. An error of the measurer ends it: before the first trial as an error, later with
// what is known and SearchResult::error; an interruption always with what is known.
[[nodiscard]] Result<SearchResult> bisect(const SearchSpec& spec, Measurer& measurer,
                                          const Clock& clock, const SearchProgress& progress);

}  // namespace wireproof
