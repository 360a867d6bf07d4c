// From what the loops of one direction recorded to what a trial tells of it. After the workers have
// stopped.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "engine/rx_loop.h"
#include "engine/tx_loop.h"
#include "trial/reports.h"

namespace wireproof {

using TxLoops = std::span<const std::unique_ptr<TxLoop>>;
using RxLoops = std::span<const std::unique_ptr<RxLoop>>;

// The figures; who stamped, and what is measured, the caller knows. nullopt where no delay was
// recorded; without samples where all of them were negative.
[[nodiscard]] std::optional<DelaySummary> delay_summary(RxLoops loops, bool scheduled);
// `reference`: AnalyzerStart's; `delays`: of the same loops. nullopt unless every delay was
// recorded.
[[nodiscard]] std::optional<JitterSummary> jitter_summary(RxLoops loops, Nanoseconds reference,
                                                          const Distribution& delays);
[[nodiscard]] ReorderingSummary reordering_summary(RxLoops loops);
// Of the spaces of these loops, each seen by one of them.
[[nodiscard]] ReceivedReport::Gaps gaps_seen(RxLoops loops);
// Without its mode, schedule and pauses.
[[nodiscard]] PacingSummary pacing_summary(TxLoops loops);

}  // namespace wireproof
