// What a benchmark suite (RFC 2544) is asked and what it answers. Rates are frames a second and per
// direction, times nanoseconds. What a test did not find is absent, and its `reason` says why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/words.h"
#include "trial/search.h"
#include "trial/trial.h"

namespace wireproof {

// In the order in which they run: each needs the throughput that the first finds.
enum class SuiteTest {
  kThroughput,  // RFC 2544 section 26.1
  kLatency,     // 26.2
  kLoss,        // 26.3, frame loss rate
  kBackToBack,  // 26.4, as RFC 9004 corrects it
  kRecovery,    // 26.5, system recovery
  kReset,       // 26.6, as RFC 6201 corrects it; of the first size alone
};

inline constexpr Words<SuiteTest, 6> kSuiteTestWords{{{SuiteTest::kThroughput, "throughput"},
                                                      {SuiteTest::kLatency, "latency"},
                                                      {SuiteTest::kLoss, "loss"},
                                                      {SuiteTest::kBackToBack, "back-to-back"},
                                                      {SuiteTest::kRecovery, "recovery"},
                                                      {SuiteTest::kReset, "reset"}}};

// Where the maximum rate comes from, of which loads are shares.
enum class RateLimit {
  kLineRate,   // of the port
  kGivenLine,  // --line-rate
  kMaxRate,    // --max-rate: nothing is sent above it
  kMeasured,   // what the tester sent when it sent as fast as it can
};

inline constexpr Words<RateLimit, 4> kRateLimitWords{{{RateLimit::kLineRate, "line_rate"},
                                                      {RateLimit::kGivenLine, "given_line_rate"},
                                                      {RateLimit::kMaxRate, "max_rate"},
                                                      {RateLimit::kMeasured, "measured"}}};

// Full length by default.
struct SuiteSpec {
  std::vector<SuiteTest> tests;  // in their order
  Nanoseconds latency_duration = 120 * kSecond;
  unsigned latency_repetitions = 20;
  Nanoseconds loss_duration = 60 * kSecond;  // of each step
  Nanoseconds burst_longest = 2 * kSecond;   // at the maximum rate
  unsigned burst_repetitions = 50;
  // A burst that lost frames is sent so often again before it counts as lossy (ETSI GS NFV-TST 009
  // clause 12.3.3, max(r)).
  unsigned burst_verifications = 2;
  Nanoseconds overload_duration = 60 * kSecond;
  Nanoseconds recovery_duration = 60 * kSecond;  // after the overload
  unsigned recovery_repetitions = 3;
  Nanoseconds reset_duration = 60 * kSecond;
  unsigned reset_repetitions = 10;
  double precision = 0.005;      // of a burst's length
  unsigned invalid_retries = 3;  // of a trial that the tester cannot guarantee
  // Of a trial, beside its counted traffic: learning frames, waiting, settling. For estimates.
  Nanoseconds overhead = 10 * kSecond;
};

// What is measured of one frame size.
struct SuiteSize {
  std::string name;                      // "64", "imix"
  std::vector<SearchSpec> goals;         // one or more; the throughput is the first one's
  std::optional<double> throughput_fps;  // known, where that test does not run
  double max_fps = 0;                    // 0: measured
  RateLimit limit = RateLimit::kMeasured;
};

// One direction over all repetitions.
struct LatencyOfDirection {
  std::string from, to;
  std::uint32_t stream = 0;
  unsigned repetitions = 0;          // whose delays were recorded
  double mean = 0;                   // RFC 2544: the average over the repetitions
  std::optional<double> typical;     // RFC 8219 section 7.1: the median of their medians
  std::optional<double> worst_case;  // the median of their 99.9th percentiles
  Nanoseconds min = 0;               // of all
  Nanoseconds max = 0;
  friend bool operator==(const LatencyOfDirection&, const LatencyOfDirection&) = default;
};

struct LatencyTest {
  double load_fps = 0;
  Nanoseconds duration = 0;
  std::vector<LatencyOfDirection> directions;
  std::uint64_t lost = 0;       // of all repetitions: at the throughput there should be none
  Nanoseconds tx_span_max = 0;  // as of DelaySummary: a delay is too long by at most this
  std::vector<std::uint64_t> trial_ids;
  std::string reason;
  bool not_guaranteed = false;  // a trial of it: in no document, whose status says so
};

struct LossStep {
  double percent = 0;  // of the maximum rate
  double load_fps = 0;
  // Of the direction that lost most; absent: the tester cannot guarantee it.
  std::optional<double> loss_ratio;
  std::uint64_t trial_id = 0;
};

struct LossTest {
  Nanoseconds duration = 0;  // of each step
  std::vector<LossStep> steps;
  bool complete = false;  // it ended with two steps in a row without loss
  std::vector<std::uint64_t> trial_ids;
  std::string reason;
  bool not_guaranteed = false;  // a trial of it: in no document, whose status says so
};

// Of each repetition, the longest burst without loss.
struct BackToBackBurst {
  std::uint64_t frames = 0;
  double fps = 0;  // at which it was sent
};

struct BackToBackTest {
  bool applicable = true;  // RFC 9004 section 5.2: not where the throughput is the maximum rate
  std::vector<BackToBackBurst> bursts;
  double throughput_fps = 0;
  double max_fps = 0;             // the maximum rate
  std::uint64_t step_frames = 0;  // to which the lengths are known
  std::vector<std::uint64_t> trial_ids;
  std::string reason;
  bool not_guaranteed = false;  // a trial of it: in no document, whose status says so
};

struct RecoveryTest {
  bool applicable = true;  // not where no load above the throughput can be sent
  double overload_fps = 0;
  double then_fps = 0;
  std::vector<Nanoseconds> times;  // of each repetition
  std::vector<std::uint64_t> trial_ids;
  std::string reason;
  bool not_guaranteed = false;  // a trial of it: in no document, whose status says so
};

struct ResetTest {
  double load_fps = 0;
  // Of each repetition, by RFC 6201's frame-loss method: frames that did not arrive / rate.
  std::vector<Nanoseconds> times;
  std::vector<std::uint64_t> trial_ids;
  std::string reason;
  bool not_guaranteed = false;  // a trial of it: in no document, whose status says so
};

struct SuiteSizeResult {
  std::string name;
  std::uint32_t frame_size = 0;
  double mean_frame_size = 0;  // as of TrialSpec
  std::optional<double> max_fps;
  RateLimit limit = RateLimit::kMeasured;
  std::optional<double> throughput_fps;
  bool throughput_given = false;        // by the user
  bool throughput_is_at_least = false;  // the tester could not send more
  std::optional<LatencyTest> latency;
  std::optional<LossTest> loss;
  std::optional<BackToBackTest> back_to_back;
  std::optional<RecoveryTest> recovery;
  std::optional<ResetTest> reset;
};

// How far a suite is, after a trial.
struct SuiteProgress {
  std::string size;
  SuiteTest test = SuiteTest::kThroughput;
  std::size_t number = 0;    // of this test among all of all sizes, from 1
  std::size_t tests = 0;     // all
  std::uint64_t trials = 0;  // of this test
  std::string so_far;        // "19,900 .. 20,100 frames/s"; empty: nothing yet
  Nanoseconds left = 0;      // of the whole suite, an estimate
};

struct SuiteResult {
  std::vector<SuiteSizeResult> sizes;
  std::vector<std::string> deviations;  // from the RFCs' letter
};

// Of a burst without loss: the frames that were inside the device when it ended, which the rest of
// the burst's frames left meanwhile (RFC 9004 section 5.4, in frames instead of seconds).
[[nodiscard]] double buffer_frames(const BackToBackBurst& burst, double throughput_fps);

struct Spread {
  double mean = 0, min = 0, max = 0, stdev = 0;  // stdev: of the sample; 0 of one value
};
[[nodiscard]] Spread spread_of(const std::vector<double>& values);  // not empty

// RFC 9004 section 5.4. The time is that of the buffer's frames at the maximum rate, so that it
// does not hang on the rate at which this tester's bursts were sent.
struct BufferFigures {
  Spread frames;
  double sent_fps = 0;  // mean
  double implied_ns = 0;
  double corrected_ns = 0;
  double buffer_frames = 0;
};
[[nodiscard]] BufferFigures buffer_figures(const BackToBackTest& test);  // has bursts

[[nodiscard]] Nanoseconds mean_time(const std::vector<Nanoseconds>& times);  // not empty

// Has one of its tests no figure, because the tester cannot guarantee one?
[[nodiscard]] bool lacks_answer(const SuiteSizeResult& size);

}  // namespace wireproof
