// What each end of a direction found by itself, before the two are folded into a DirectionResult
// (engine/fold.h): plain values, so that the ends need not lie in one process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "trial/receive_counts.h"
#include "trial/trial.h"

namespace wireproof {

// What a port's counters grew by around the counted traffic. Absent: it cannot be told.
struct PortGrowth {
  std::optional<std::uint64_t> tx_dropped, rx_ring_dropped, rx_nic_dropped;
  // Set back by their driver meanwhile: those above are minimums.
  bool set_back = false;
  bool ring_filled = false;  // DeviceCounters::rx_ring_filled grew
  std::string rx_blind;      // DeviceCounters::rx_blind of either end
  friend bool operator==(const PortGrowth&, const PortGrowth&) = default;
};

struct SentReport {
  std::string from;          // the port's device
  std::uint32_t stream = 0;  // of its direction
  SentHeaders headers;
  std::uint64_t intended = 0;
  std::uint64_t offered = 0;
  std::uint64_t flows_sent = 0;
  std::string sequence_scope;                 // "flow" or "flow_group"
  std::vector<std::uint64_t> sent_per_space;  // numbers 0 to this - 1 were sent in it
  Nanoseconds tx_duration = 0;                // first submit to last
  Nanoseconds tx_end = 0;                     // last submit, from the epoch
  std::string tx_stamp;                       // as of DelaySummary
  Nanoseconds tx_span_max = 0;                // the same
  PacingSummary pacing;                       // lost_behind needs the other end, and is 0
  std::uint64_t displaced = 0;                // frames that a burst beyond the schedule moved
  struct Step {                               // of the live series
    Nanoseconds start = 0;
    Nanoseconds end = 0;
    std::uint64_t offered = 0;
    friend bool operator==(const Step&, const Step&) = default;
  };
  std::vector<Step> steps;
  PortGrowth port;
  friend bool operator==(const SentReport&, const SentReport&) = default;
};

struct ReceivedReport {
  std::string to;
  std::uint32_t stream = 0;  // of its direction
  ReceiveCounts counts;
  // Of the late: those which the receiver, kept from its core, may have taken up too late itself.
  std::uint64_t late_unseen = 0;
  // The receivers ran until every frame had come or was late; otherwise nobody can say where those
  // that are missing were.
  bool heard_out = true;
  struct Space {
    std::uint64_t reached = 0;  // one more than the highest number that arrived; 0: none did
    std::uint64_t gaps = 0;     // numbers below it that did not arrive
    friend bool operator==(const Space&, const Space&) = default;
  };
  std::vector<Space> spaces;
  // Frames of one space came over several receive queues, which keep no order among each other:
  // what is told of spaces means nothing.
  bool torn = false;
  struct Gaps {              // runs of numbers that did not arrive, below those reached
    HistogramSteps lengths;  // in frames
    std::uint64_t longest = 0;
    friend bool operator==(const Gaps&, const Gaps&) = default;
  } gaps;
  std::optional<ArrivalSpan> arrivals;
  // Below what each space reached, the last number that did not arrive was sent before this.
  std::optional<Nanoseconds> last_gap_sent_before;
  std::uint64_t window = 0;  // as of DirectionResult, like the five that follow
  std::string readdressed_to;
  std::optional<DelaySummary> delay;  // metric, tx_stamp, tx_span_max: the other end's
  std::optional<JitterSummary> jitter;
  ReorderingSummary reordering;
  std::string order_note;  // where the port may have put frames of one space out of order
  struct Step {
    Nanoseconds start = 0;
    Nanoseconds end = 0;
    std::uint64_t received = 0;
    std::uint64_t lost = 0;
    HistogramSteps delay;
    friend bool operator==(const Step&, const Step&) = default;
  };
  std::vector<Step> steps;
  PreemptionSummary preemptions;
  PortGrowth port;
  friend bool operator==(const ReceivedReport&, const ReceivedReport&) = default;
};

}  // namespace wireproof
