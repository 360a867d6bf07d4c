// What a job is asked to do: the specs of the modules below, filled from one table (table.h). A
// member's first value here is its setting's default, and stands nowhere else.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/cpu.h"
#include "base/units.h"
#include "base/words.h"
#include "engine/packet_trial.h"
#include "io/wire_model.h"
#include "traffic/profile.h"
#include "trial/criterion.h"
#include "trial/search.h"
#include "trial/suite.h"

namespace wireproof {

enum class Verb { kTrial, kSearch, kRfc2544, kCalibrate, kDut, kBackends, kDoctor, kCleanup };

inline constexpr Words<Verb, 8> kVerbWords{{{Verb::kTrial, "trial"},
                                            {Verb::kSearch, "search"},
                                            {Verb::kRfc2544, "rfc2544"},
                                            {Verb::kCalibrate, "calibrate"},
                                            {Verb::kDut, "dut"},
                                            {Verb::kBackends, "backends"},
                                            {Verb::kDoctor, "doctor"},
                                            {Verb::kCleanup, "cleanup"}}};

struct SizeChoice {
  std::string name;                  // "64", "imix"
  std::vector<std::uint32_t> sizes;  // in the order of emission, as sent
  std::uint32_t raised_to = 0;       // what was smaller in a mix; 0: nothing was

  // What a calibration of these frames is kept and found under.
  [[nodiscard]] std::string key() const {
    return raised_to == 0 ? name : name + " from " + std::to_string(raised_to);
  }
};

enum class RateLayer { kL1, kL2, kL3 };

inline constexpr Words<RateLayer, 3> kRateLayerWords{
    {{RateLayer::kL1, "l1"}, {RateLayer::kL2, "l2"}, {RateLayer::kL3, "l3"}}};

enum class Idle { kAuto, kSpin, kSleep };

inline constexpr Words<Idle, 3> kIdleWords{
    {{Idle::kAuto, "auto"}, {Idle::kSpin, "spin"}, {Idle::kSleep, "sleep"}}};

// What all tests share.
struct TestSettings {
  std::string tx;                 // ports as typed
  std::optional<std::string> rx;  // absent: --rx none, nothing is received
  bool bidirectional = false;
  bool allow_mgmt_interface = false;
  TrafficProfile profile;                                           // sizes: the first choice
  std::vector<SizeChoice> sizes = {{.name = "64", .sizes = {64}}};  // one measurement each
  RateLayer rate_layer = RateLayer::kL1;
  double line_rate_bps = 0;  // as the user gave it; 0: ask the ports
  PacketTrialSpec trial;     // its burst, burst_room, burst_size and log_frames are settled from:
  std::optional<std::uint32_t> burst;       // not given: trial's, none of which a device must bear
  std::optional<std::uint32_t> burst_size;  // of a bursty schedule
  Idle idle = Idle::kAuto;                  // trial.idle is chosen when the cores are known
  std::uint32_t ring_frames = 4096;
  CpuList tx_cores, rx_cores;
  bool isolate = false;            // the loops' cores are taken from all other programs
  bool no_calibration = false;     // none is shown beside the results
  std::vector<std::string> notes;  // what is done otherwise than the user may think
};

// From that time on, another rate.
struct StepSetting {
  Rate rate;
  Nanoseconds at = 0;
};

struct TrialSettings {
  Rate rate;
  std::uint64_t frames = 0;  // 0: by the duration
  std::optional<StepSetting> step;
  Nanoseconds duration = 10 * kSecond;
  std::vector<Criterion> fail_if;
  std::string frame_log;  // path; empty: none
  std::uint32_t frame_log_frames = 1'000'000;
};

struct GoalChoice {
  SearchGoal goal;
  // What the goal itself says; 0: it says nothing, and the search's own final duration is both.
  Nanoseconds final_duration = 0;
  Nanoseconds duration_sum = 0;

  // Bisection decides a load by one trial.
  [[nodiscard]] bool needs_several_trials() const {
    return goal.exceed_ratio > 0 || duration_sum > final_duration;
  }
};

struct SearchSettings {
  std::vector<GoalChoice> goals;
  SearchMethod method = SearchMethod::kMlr;
  SearchSpec spec{.trial_duration = 2 * kSecond};  // goal, frame size and rates: of each search
  std::optional<Nanoseconds> final_duration;       // not given: the trial's
  std::optional<Nanoseconds> time_limit;           // not given: none
  Rate max_rate;
  Rate min_rate{.kind = Rate::Kind::kPps, .value = 1};
  std::string trial_command;  // empty: our own frames
};

// Beside SearchSettings, which are those of the throughput.
struct SuiteSettings {
  std::vector<SuiteTest> tests;              // in their order; empty: not given, until settled
  bool quick = false;                        // short trials, few repetitions
  std::optional<Rate> throughput;            // known already; not given: that test finds it
  std::optional<std::uint32_t> repetitions;  // of each test that has some; not given: the RFCs'
  std::optional<Nanoseconds> settle;         // between two trials; not given: 5 s, or none if quick
  std::string reset_command;                 // empty: whoever watches resets the device
  std::optional<Nanoseconds> reset_duration;
  std::vector<IpPrefix> allow_target;  // besides the ranges for tests
  std::vector<std::string> replaced;   // frame sizes that were too small: a sentence each
};

// Where the trials of a run of many are kept as they end; paths, empty: they are not.
struct TrialLogSettings {
  std::string begin;   // a new file
  std::string resume;  // of a run that was stopped
};

struct CalibrateSettings {
  std::optional<Rate> floor_rate;             // not given: chosen by the port's line rate
  std::optional<Nanoseconds> floor_duration;  // not given: long enough for a p99.9
  SearchSpec ceiling{.precision = 0.02, .trial_duration = 500 * kMillisecond};  // goal ndr
};

enum class ImpairedWay { kAToB, kBToA };

inline constexpr Words<ImpairedWay, 2> kImpairedWayWords{
    {{ImpairedWay::kAToB, "a-to-b"}, {ImpairedWay::kBToA, "b-to-a"}}};

struct DutSettings {
  std::string a, b;  // ports as typed
  bool allow_mgmt_interface = false;
  std::map<std::string, std::string> wire_words;  // by wire_option_names(); what was given
  WireSpec wire;                                  // read from them
  std::optional<ImpairedWay> only;                // impaired; not given: both
  std::string log;                                // path; empty: none
  std::uint32_t log_frames = 4'000'000;
  std::optional<Nanoseconds> duration;  // not given: until a signal
  std::optional<unsigned> core;
  IdlePolicy idle = IdlePolicy::kSleep;
  std::uint32_t ring_frames = 4096;
};

struct DoctorSettings {
  std::string interface;  // empty: the host alone
  std::string plan;       // a bit rate, "all"; empty: none
};

// How a run tells of itself; no part of a job.
struct OutputSettings {
  std::optional<std::string> json;  // --json[=FILE]; "" or "-": standard output
  bool json_stream = false;
  bool quiet = false;
  bool verbose = false;
  bool dry_run = false;
  bool no_color = false;  // taken for the scripts that give it: nothing here is ever coloured
};

// Of one run. Of its parts a verb has those that its settings fill.
struct Settings {
  Verb verb = Verb::kTrial;
  OutputSettings output;
  TestSettings test;
  TrialSettings trial;
  SearchSettings search;
  SuiteSettings suite;
  TrialLogSettings log;
  CalibrateSettings calibrate;
  DutSettings dut;
  DoctorSettings doctor;
};

// Of a verb before anything is given: a few defaults are not those of the others.
[[nodiscard]] Settings default_settings(Verb verb);

}  // namespace wireproof
