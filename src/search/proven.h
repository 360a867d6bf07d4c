// What the trials of a run prove of one goal, whichever goal they were made for: the searches of
// one frame size share what they have found out.
#pragma once

#include <optional>
#include <span>

#include "trial/search.h"

namespace wireproof {

// Frames a second that the trial stands for: what was asked, or what was offered where that was as
// much as the tester can.
[[nodiscard]] double load_of(const TrialResult& trial);

// Frames a second that a trial which passed has proven: its load less what it left out, in the
// direction that left out most. A valid trial may leave out a burst (see judge() in engine), and
// the device had not to carry that. Frames of a load that are no whole number in the duration of
// the trial are not left out.
[[nodiscard]] double proven_fps(const TrialResult& trial);
// It passed, and left out more of its load than an answer of that precision may be wide.
[[nodiscard]] bool fell_short(const TrialResult& trial, double precision);

// As if it had been measured for this goal.
[[nodiscard]] TrialResult judged_for(const TrialResult& trial, const SearchGoal& goal);

// Trials that were paced, valid, and long enough for the goal; null: none says so.
struct Proven {
  const TrialResult* failed = nullptr;  // the lowest load that missed it, below `upper`
  const TrialResult* passed = nullptr;  // the highest below that and `upper` which met it
};
[[nodiscard]] Proven proven_by(std::span<const TrialResult* const> trials, const SearchSpec& spec,
                               std::optional<double> upper);

// After other goals of the same frames were searched: what `trials` (those of all searches) prove
// is not contradicted. A load that met this goal raises the answer, one that missed it below the
// answer takes it back.
void reconcile(SearchResult& result, std::span<const TrialResult* const> trials);

}  // namespace wireproof
