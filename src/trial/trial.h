// The vocabulary of a measurement: what a trial is asked and what it answers. Integer counts and
// measured durations only; rates are derived where they are printed (derive.h).
// Terms: RFC 1242, RFC 2285 section 3.5, RFC 2544 section 23, docs/glossary.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/histogram.h"

namespace wireproof {

// From that time on, another rate.
struct RateStep {
  Nanoseconds at = 0;  // from the start of the counted traffic, before its end
  double fps = 0;      // > 0
  friend bool operator==(const RateStep&, const RateStep&) = default;
};

struct TrialSpec {
  std::uint64_t id = 0;           // the caller's number for it, echoed
  std::uint32_t frame_size = 64;  // bytes with FCS; of a mix, its mean to the byte
  double mean_frame_size = 0;     // of a mix, bytes with FCS, exact; 0: frame_size is
  double intended_fps = 0;        // frames a second, per direction; > 0 unless max_rate
  bool max_rate = false;          // as fast as the tester can: intended is what was offered
  // Back to back, with max_rate alone: each direction ends after so many. 0: when the time is over.
  std::uint64_t frames = 0;
  std::optional<RateStep> step;  // not with max_rate
  Nanoseconds duration = 0;      // of the counted traffic; where frames end it, the most
  double goal_loss_ratio = 0;    // pass needs lost / offered <= this, 0..1
  // What is measured may take a link down: the trial goes on, and is no less valid for that.
  bool link_may_go = false;
};

// One direction's integers. Identities that hold in every trial, checked by check_identities:
//   intended = offered + unsent      offered = unique + lost      received = unique + duplicate
// late, stale, foreign, misdirected, readdressed and corrupt are in no sum; the number of a late or
// damaged frame is among the lost.
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
  std::uint64_t readdressed = 0;   // this trial's, arrived at another address or port than sent to
  std::uint64_t unclassified = 0;  // older than the window: order and duplication unknown
  std::uint64_t rx_dropped = 0;    // by our own ring or socket; an upper bound
};

// Where the lost and the unsent went. lost = tx_ring + dut + rx_ring + rx_nic + late
// + readdressed + not_attributable; unsent = tx_shortfall. The ring and NIC figures come from
// counters of the kernel that may include frames of others: they are upper bounds, capped at what
// is left to explain.
struct Attribution {
  std::uint64_t tx_shortfall = 0;
  std::uint64_t tx_ring =
      0;  // accepted, then dropped by our own kernel or NIC (a veth's, a qdisc's)
  std::uint64_t dut = 0;
  std::uint64_t rx_ring = 0;
  std::uint64_t rx_nic = 0;
  std::uint64_t late = 0;
  std::uint64_t readdressed = 0;  // something in the path rewrites addresses
  // These died in the device or in the tester, and nobody can say in which: a link went, the
  // receiving driver hides its own drops, its counters were set back, something on our own port
  // may take frames before we see them; or the sender caught up with its schedule in a burst, which
  // can explain them (PacingSummary::lost_behind).
  std::uint64_t not_attributable = 0;
};

// Some quantity over all of its samples. A percentile is present only where at least ten samples
// lie beyond it; nearest rank, the upper edge of its histogram step (0.1 %), never beyond max.
struct Distribution {
  std::uint64_t samples = 0;
  Nanoseconds min = 0;
  double mean = 0;
  double stdev = 0;
  Nanoseconds max = 0;
  std::optional<Nanoseconds> p50, p90, p99, p99_9, p99_99, p99_999;
  friend bool operator==(const Distribution&, const Distribution&) = default;
};

struct DelaySummary {
  std::string metric;    // "one_way"; "round_trip" where a port receives what it sent itself
  std::string tx_stamp;  // "burst": one reading for up to 64 frames; "frame": one each
  // The longest that a frame left after the reading that it bears, the sender's pre-emptions
  // included: a delay is too long by at most this.
  Nanoseconds tx_span_max = 0;
  std::string rx_stamp;  // DeviceFacts::rx_stamp of the receiver
  // Frames (copies too) that bear the time of the poll, though rx_stamp names another; absent where
  // it names that.
  std::optional<std::uint64_t> unstamped;
  std::uint64_t negative = 0;  // stamps that went backwards: counted, in no other figure
  Distribution actual;         // from the time at which the frame was sent
  HistogramSteps steps;        // of actual: everything a reader needs to merge and to re-plot
  // From the time at which the schedule wanted it sent, so that a sender that was late does not
  // hide the delay it caused (coordinated omission). Absent where there is no schedule (--rate
  // max).
  std::optional<Distribution> scheduled;
  friend bool operator==(const DelaySummary&, const DelaySummary&) = default;
};

// Delay variation. RFC 3550's and RFC 3393's differences are taken within one sequence space; what
// is said of several spaces is said of each space or each difference in turn. RFC 5481's are from
// the least delay of all frames of the direction.
struct JitterSummary {
  // RFC 3550 section 6.4.1 and appendix A.8, in arrival order, over every copy that arrived: the
  // estimator's value at the end, the mean over the spaces, and the greatest.
  double rfc3550_mean = 0;
  double rfc3550_max = 0;
  std::uint64_t rfc3550_spaces = 0;  // in which two or more frames arrived
  // RFC 3393: D(i) - D(i-1) of consecutive sequence numbers that both arrived, signed.
  std::uint64_t ipdv_pairs = 0;
  double ipdv_mean_abs = 0;
  Nanoseconds ipdv_min = 0;
  Nanoseconds ipdv_max = 0;
  std::optional<Nanoseconds> ipdv_p0_1, ipdv_p50, ipdv_p99_9;
  // Pairs whose second half came more than this many numbers after the first are not looked for.
  std::uint64_t ipdv_window = 0;
  // RFC 5481 section 4.2: D(i) - D(min).
  Nanoseconds pdv_max = 0;
  std::optional<Nanoseconds> pdv_p50, pdv_p99, pdv_p99_9;
  friend bool operator==(const JitterSummary&, const JitterSummary&) = default;
};

// RFC 4737, over the first copies of each sequence space.
struct ReorderingSummary {
  std::uint64_t extent_max = 0;   // section 4.2: frames by which it was late
  double extent_mean = 0;         // over the reordered
  Nanoseconds late_time_max = 0;  // section 4.3: after the first frame that overtook it
  double late_time_mean = 0;
  // Section 5: [n - 1] is the number of frames that are n-reordered, n up to 64; what is
  // n-reordered is also m-reordered for each m < n. Without the zeros at the end.
  std::vector<std::uint64_t> n_reordered;
  std::uint64_t discontinuities = 0;    // section 3.4: times a number above the expected one came
  std::uint64_t discontinuity_max = 0;  // numbers skipped at once
  std::uint64_t free_runs = 0;          // section 4.6: runs of frames between reordered ones
  std::uint64_t free_run_max = 0;
  friend bool operator==(const ReorderingSummary&, const ReorderingSummary&) = default;
};

// Runs of consecutive sequence numbers that did not arrive (RFC 3357 section 4.2's loss periods).
struct LossBurstSummary {
  std::uint64_t bursts = 0;
  std::uint64_t longest = 0;  // frames
  std::optional<std::uint64_t> p50, p99;
  // The last frame that was lost was sent before this, from the start of the counted traffic: the
  // next one of its sequence space that arrived was sent then, or sending ended. Absent: none was
  // lost.
  std::optional<Nanoseconds> last_sent_before;
};

// From the start of the counted traffic; of the frames that came in time.
struct ArrivalSpan {
  Nanoseconds first = 0;
  Nanoseconds last = 0;
  friend bool operator==(const ArrivalSpan&, const ArrivalSpan&) = default;
};

// Gaps in a loop's own clock: nothing of the program ran there, whoever took the core.
struct PreemptionSummary {
  Nanoseconds threshold = 0;       // shorter ones are not noted
  Nanoseconds busy_threshold = 0;  // the same of a turn in which a burst was sent or received
  std::uint64_t count = 0;
  Nanoseconds total = 0;
  Nanoseconds max = 0;
  struct Preemption {
    Nanoseconds at = 0;  // where it began, from the start of the counted traffic
    Nanoseconds length = 0;
    friend bool operator==(const Preemption&, const Preemption&) = default;
  };
  std::vector<Preemption> log;  // the first of them, in order; as many as there was room for
  friend bool operator==(const PreemptionSummary&, const PreemptionSummary&) = default;
};

struct PacingSummary {
  std::string mode;                      // "burst", "precise"
  std::string schedule;                  // "constant", "poisson", "bursty"; empty with --rate max
  Nanoseconds lateness_max = 0;          // the furthest the sender was behind its schedule
  std::uint64_t stalls = 0;              // times it was more than one burst behind
  std::optional<Distribution> lateness;  // of each frame sent: actual less scheduled time
  // Between one frame and the next of the same queue, by the stamps they bear: frames that left in
  // one burst under one reading are 0 apart.
  std::optional<Distribution> gap;
  double gap_target = 0;  // ns, the schedule's mean, per queue; 0 without a schedule
  // Bursts beyond the schedule, per queue: what the user allows, or what any device is taken to
  // have room for, in frames at once (0 without a schedule); and the most that were due at once.
  std::uint32_t burst_room = 0;
  std::uint32_t burst_max = 0;
  std::uint64_t caught_up = 0;    // frames sent in such bursts or right behind them
  std::uint64_t lost_behind = 0;  // of those: lost, no more than such bursts can explain
  PreemptionSummary preemptions;  // of the sending loops
  friend bool operator==(const PacingSummary&, const PacingSummary&) = default;
};

// Of the frames that arrived within an interval; percentiles as those of a Distribution.
struct IntervalDelay {
  std::uint64_t samples = 0;
  std::optional<Nanoseconds> p50, p99;
  Nanoseconds max = 0;  // the upper edge of its histogram step
};

struct Interval {         // sampled by the collector while the trial runs
  Nanoseconds start = 0;  // from the start of the counted traffic
  Nanoseconds end = 0;
  std::uint64_t offered = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;  // gaps that have left the window: never negative, a lower bound
  IntervalDelay delay;
};

// The tester alone, its ports back to back, under the conditions of this direction: `wireproof
// calibrate` found it. Shown beside what was measured, never subtracted from it.
struct Baseline {
  std::optional<Nanoseconds> floor_p50, floor_p99_9;  // delay at a gentle rate
  std::optional<double> ceiling_fps;                  // highest lossless load
  std::string calibrated_at;                          // RFC 3339, UTC
};

// The headers of a direction's frames as they leave. What is absent the kernel writes (sockets).
struct SentHeaders {
  std::optional<MacAddress> src_mac, dst_mac;
  std::optional<IpAddress> next_hop;  // who was asked for dst_mac; absent: nobody
  std::optional<std::uint16_t> vlan;  // id
  IpAddress src_ip;                   // both of one family
  IpAddress dst_ip, dst_ip_last;      // flows count up from one to the other
  // Of frames from the first to the last, both included; of sockets, each queue's in turn.
  std::vector<std::uint16_t> src_l4_ports;
  bool src_l4_ports_are_range = false;
  std::uint16_t dst_l4_port = 0;
  std::uint16_t dst_l4_port_last = 0;  // sockets: a queue each; otherwise the same
  std::uint8_t dscp = 0;               // 0..63
  std::uint8_t ttl = 64;               // hop limit
  friend bool operator==(const SentHeaders&, const SentHeaders&) = default;
};

struct DirectionResult {
  std::string from;          // the ports' devices
  std::uint32_t stream = 0;  // of several that were sent at once in this direction
  // Absent: nothing receives (--rx none). The receiving side's counts are then all zero and mean
  // nothing; only intended, offered, unsent and their attribution are said.
  std::optional<std::string> to;
  std::optional<SentHeaders> headers;  // absent: another program measured
  Counts counts;
  Attribution attribution;
  std::string readdressed_to;  // where the first of counts.readdressed came; "198.18.0.77:9"
  std::string sequence_scope;  // "flow" or "flow_group"
  // 0: numbers were not tracked (another program measured): of the received, only unique is known.
  std::uint64_t sequence_spaces = 0;
  std::uint64_t window = 0;      // sequence numbers within which order and duplication are exact
  std::uint64_t flows_sent = 0;  // distinct 5-tuples really sent
  Nanoseconds tx_duration = 0;   // first submit to last
  std::optional<ArrivalSpan> arrivals;
  std::optional<DelaySummary> delay;
  std::optional<JitterSummary> jitter;  // where the delay of every frame was recorded
  std::optional<ReorderingSummary> reordering;
  std::optional<LossBurstSummary> loss_bursts;
  PacingSummary pacing;
  PreemptionSummary receive_preemptions;  // of the receiving loops
  std::vector<Interval> intervals;
  std::optional<Baseline> baseline;  // absent: never calibrated so
};

enum class Verdict { kPass, kFail, kInvalid };

struct TrialResult {
  TrialSpec spec;
  Verdict verdict = Verdict::kInvalid;
  std::string reason;            // why not pass; empty on pass
  bool interrupted = false;      // the user stopped it: counts are of what ran
  bool link_went = false;        // down and up again, where TrialSpec says that it may
  Nanoseconds duration = 0;      // of the counted traffic, measured
  Nanoseconds waiting_time = 0;  // after the last frame was sent; later arrivals are late
  std::vector<DirectionResult> directions;
  std::vector<std::string> notes;  // what the reader must know: shared cores, clock, link
};

}  // namespace wireproof
