// From integers to what people read, and the identities the integers must obey.
#pragma once

#include <string>

#include "trial/search.h"
#include "trial/trial.h"

namespace wireproof {

// False for --rx none: nothing can be said of what arrived.
[[nodiscard]] bool has_receiver(const DirectionResult& direction);
// For people and documents: the port's name, or "none" where there is no receiver. Never to be
// compared: a port may be called so.
[[nodiscard]] std::string receiver_name(const DirectionResult& direction);

// The first identity that does not hold, in words; empty when all do. Without a receiver only those
// of the sending side are asked.
[[nodiscard]] std::string check_identities(const DirectionResult& direction);

// lost / offered; 0 when nothing was offered.
[[nodiscard]] double loss_ratio(const Counts& counts);
// Over all directions.
[[nodiscard]] double loss_ratio(const TrialResult& result);
// What the losses alone say of a goal (a loss ratio): kPass where every direction met it, kFail
// where one missed it by what the device alone can have lost, kInvalid where that hangs on losses
// which our own bursts can explain (PacingSummary::lost_behind).
[[nodiscard]] Verdict verdict_by_loss(const TrialResult& result, double goal);

[[nodiscard]] IntervalDelay interval_delay(const HistogramSteps& delays);

// frames / duration; 0 when the duration is not positive.
[[nodiscard]] double rate_fps(std::uint64_t frames, Nanoseconds duration);
// Frames a second over the measured duration, the lowest over the directions; 0 without any. The
// forwarding rate counts each frame once (RFC 2285 section 3.6.1): a duplicate was not forwarded.
[[nodiscard]] double offered_fps(const TrialResult& result);
[[nodiscard]] double forwarding_fps(const TrialResult& result);

// Bits a second on the wire (layer 1: preamble, SFD and gap included, +20 bytes a frame) and in the
// frame (layer 2, FCS included). RFC 2544 appendix B's arithmetic.
// The exact mean, as far as it is known.
template <typename Spec>  // TrialSpec, SearchSpec
[[nodiscard]] double exact_frame_size(const Spec& spec) {
  return spec.mean_frame_size > 0 ? spec.mean_frame_size : spec.frame_size;
}
[[nodiscard]] double layer1_bps(double fps, double frame_size);
[[nodiscard]] double layer2_bps(double fps, double frame_size);
// In the packet: without Ethernet header, FCS, and the VLAN tag where there is one.
[[nodiscard]] double layer3_bps(double fps, double frame_size, bool tagged);
// The most frames of that size a second on a line of that speed.
[[nodiscard]] double line_rate_fps(double line_rate_bps, double frame_size);

// What a search would have answered by its short trials alone: the highest load of which one met
// the goal, below each of which one did not. Absent: none met it, or the answer rests on such
// trials anyway.
[[nodiscard]] std::optional<double> by_short_trials_fps(const SearchResult& search);
// "19,900 .. 20,100 frames/s"; ? for a bound that is not known.
[[nodiscard]] std::string bounds_text(const SearchResult& search);

}  // namespace wireproof
