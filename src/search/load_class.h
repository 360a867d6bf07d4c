// What the trials at one load say of a goal (RFC 9971, MLRsearch): the load is a lower bound, an
// upper bound, or undecided as yet. Pure arithmetic on times.
#pragma once

#include <limits>
#include <span>

#include "base/clock.h"
#include "trial/search.h"

namespace wireproof {

// The goal's, with its default.
[[nodiscard]] Nanoseconds duration_sum(const SearchSpec& goal);

// How long the valid trials at one load lasted, by what they were: full-length (the goal's final
// duration or more) or shorter, with a loss ratio that the goal allows (low) or above it (high).
struct LoadTimes {
  Nanoseconds full_low = 0;
  Nanoseconds full_high = 0;
  Nanoseconds short_low = 0;
  Nanoseconds short_high = 0;

  void add(const TrialResult& trial, const SearchSpec& goal);
};

enum class LoadClass { kUndecided, kLowerBound, kUpperBound };

// The rest of the goal's duration sum is taken to be all good, then all bad: the class is what both
// agree on. A short trial that lost too much counts against a load as far as short ones that did
// not do not make up for it; a short one that did not says nothing for it.
[[nodiscard]] LoadClass classify(const LoadTimes& times, const SearchSpec& goal);
// Where it would come to if trials went on as they have: a load that is undecided has no other
// class than this in sight. Only for times that are not all zero.
[[nodiscard]] bool tends_to_good(const LoadTimes& times, const SearchSpec& goal);

// What more full-length trials would have to last until they decide, were all of them good (it is a
// lower bound then; kEndless: it can be none any more), or all of them bad. 0: it is that now.
inline constexpr Nanoseconds kEndless = std::numeric_limits<Nanoseconds>::max();
[[nodiscard]] Nanoseconds good_time_missing(const LoadTimes& times, const SearchSpec& goal);
[[nodiscard]] Nanoseconds bad_time_missing(const LoadTimes& times, const SearchSpec& goal);

// Frames a second, forwarded at a load by the full-length trial that stands where the exceed ratio
// says: with 50 %, the median over the goal's duration sum. `trials`: all at that load.
[[nodiscard]] double conditional_throughput_fps(double load,
                                                std::span<const TrialResult* const> trials,
                                                const SearchSpec& goal);

}  // namespace wireproof
