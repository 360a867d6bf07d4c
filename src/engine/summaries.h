// From what the loops and lanes of one stream recorded to what a trial tells of it. After the
// workers have stopped.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "engine/rx_lane.h"
#include "engine/tx_loop.h"
#include "trial/reports.h"

namespace wireproof {

using TxLoops = std::span<const std::unique_ptr<TxLoop>>;
using RxLanes = std::span<const RxLane* const>;

// The figures; who stamped, and what is measured, the caller knows. nullopt where no delay was
// recorded; without samples where all of them were negative.
[[nodiscard]] std::optional<DelaySummary> delay_summary(RxLanes lanes, bool scheduled);
// `reference`: AnalyzerStart's; `delays`: of the same lanes. nullopt unless every delay was
// recorded.
[[nodiscard]] std::optional<JitterSummary> jitter_summary(RxLanes lanes, Nanoseconds reference,
                                                          const Distribution& delays);
[[nodiscard]] ReorderingSummary reordering_summary(RxLanes lanes);
// Of the spaces of these lanes, each seen by one of them.
[[nodiscard]] ReceivedReport::Gaps gaps_seen(RxLanes lanes);
// Without its mode, schedule and preemptions.
[[nodiscard]] PacingSummary pacing_summary(TxLoops loops);

}  // namespace wireproof
