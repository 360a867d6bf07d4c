// The vocabulary of a measurement: what a trial is asked and what it answers. Integer counts and
// measured durations only; rates are derived where they are printed (derive.h).
// Terms: RFC 1242, RFC 2285 section 3.5, RFC 2544 section 23, docs/glossary.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace wireproof {

struct TrialSpec {
  std::uint64_t id = 0;           // the caller's number for it, echoed
  std::uint32_t frame_size = 64;  // bytes with FCS; for a mix, its mean is in the profile
  double intended_fps = 0;        // frames a second, per direction; > 0 unless max_rate
  bool max_rate = false;          // as fast as the tester can: intended is what was offered
  Nanoseconds duration = 0;       // of the counted traffic
  double goal_loss_ratio = 0;     // pass needs lost / offered <= this, 0..1
};

// One direction's integers. Identities that hold in every trial, checked by check_identities:
//   intended = offered + unsent      offered = unique + lost      received = unique + duplicate
// late, stale, foreign, misdirected and corrupt are in no sum; the number of a late or damaged
// frame is among the lost.
struct Counts {
  std::uint64_t intended = 0;
  std::uint64_t offered = 0;  // accepted by the device
  std::uint64_t unsent = 0;   // the schedule passed and they had not gone: ours
  std::uint64_t received = 0;
  std::uint64_t unique = 0;
  std::uint64_t lost = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t reordered = 0;     // RFC 4737 section 3.3, per sequence space
  std::uint64_t late = 0;          // this trial's, after the waiting time
  std::uint64_t stale = 0;         // an earlier trial's
  std::uint64_t corrupt = 0;       // ours by address, length or checksum wrong
  std::uint64_t foreign = 0;       // our address and port, not our magic
  std::uint64_t misdirected = 0;   // ours, on the wrong port or in an unknown sequence space
  std::uint64_t unclassified = 0;  // older than the window: order and duplication unknown
  std::uint64_t rx_dropped = 0;    // by our own ring or socket; an upper bound
};

// Where the lost and the unsent went. lost = tx_ring + dut + rx_ring + rx_nic + late
// + not_attributable; unsent = tx_shortfall. The ring and NIC figures come from counters of the
// kernel that may include frames of others: they are upper bounds, capped at what is left to
// explain.
struct Attribution {
  std::uint64_t tx_shortfall = 0;
  std::uint64_t tx_ring =
      0;  // accepted, then dropped by our own kernel or NIC (a veth's, a qdisc's)
  std::uint64_t dut = 0;
  std::uint64_t rx_ring = 0;
  std::uint64_t rx_nic = 0;
  std::uint64_t late = 0;
  // The receiving driver hides its own drops: these died in the device or in the tester, and nobody
  // can say in which.
  std::uint64_t not_attributable = 0;
};

struct DelaySummary {    // one-way on one clock; from the time of the burst to the receive stamp
  std::string tx_stamp;  // "burst": one reading for up to 64 frames; "frame": one each
  // The longest that a frame left after the reading that it bears, the sender's pre-emptions
  // included: a delay is too long by at most this.
  Nanoseconds tx_span_max = 0;
  std::string rx_stamp;  // "xdp", "kernel", "poll"
  std::uint64_t samples = 0;
  std::uint64_t negative = 0;  // stamps that went backwards: counted, never clamped into the rest
  Nanoseconds min = 0;
  double mean = 0;
  double stdev = 0;
  Nanoseconds max = 0;
  // A percentile is present only where at least ten samples lie beyond it.
  std::optional<Nanoseconds> p50, p90, p99, p99_9, p99_99, p99_999;
};

struct PacingSummary {
  Nanoseconds lag_max = 0;   // the furthest the sender was behind its schedule
  std::uint64_t stalls = 0;  // times it was more than one burst behind
};

struct Interval {         // sampled by the collector while the trial runs
  Nanoseconds start = 0;  // from the start of the counted traffic
  Nanoseconds end = 0;
  std::uint64_t offered = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;  // gaps that have left the window: never negative, a lower bound
};

// `to` of a direction that nothing receives (--rx none): the receiving side's counts are then all
// zero and mean nothing; only intended, offered, unsent and their attribution are said.
inline constexpr const char* kNoReceiver = "none";

struct DirectionResult {
  std::string from;  // ports as the user wrote them
  std::string to;
  Counts counts;
  Attribution attribution;
  std::string sequence_scope;  // "flow" or "flow_group"
  // 0: numbers were not tracked (another program measured): of the received, only unique is known.
  std::uint64_t sequence_spaces = 0;
  std::uint64_t window = 0;      // sequence numbers within which order and duplication are exact
  std::uint64_t flows_sent = 0;  // distinct 5-tuples really sent
  Nanoseconds tx_duration = 0;   // first submit to last
  std::optional<DelaySummary> delay;
  PacingSummary pacing;
  std::vector<Interval> intervals;
};

enum class Verdict { kPass, kFail, kInvalid };

struct TrialResult {
  TrialSpec spec;
  Verdict verdict = Verdict::kInvalid;
  std::string reason;            // why not pass; empty on pass
  bool interrupted = false;      // the user stopped it: counts are of what ran
  Nanoseconds duration = 0;      // of the counted traffic, measured
  Nanoseconds waiting_time = 0;  // after the last frame was sent; later arrivals are late
  std::vector<DirectionResult> directions;
  std::vector<std::string> notes;  // what the reader must know: shared cores, clock, link
};

}  // namespace wireproof
