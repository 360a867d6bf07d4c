// What the texts of the command line mean: the modules' own spec structs, checked from general to
// specific, one sentence a rule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/units.h"
#include "engine/packet_trial.h"
#include "tools/options.h"
#include "traffic/profile.h"
#include "trial/criterion.h"
#include "trial/search.h"

namespace wireproof {

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

struct TestSettings {
  std::string tx;                 // ports as typed
  std::optional<std::string> rx;  // absent: --rx none, nothing is received
  bool bidirectional = false;
  bool allow_mgmt_interface = false;
  TrafficProfile profile;         // sizes: the first choice
  std::vector<SizeChoice> sizes;  // one measurement each
  RateLayer rate_layer = RateLayer::kL1;
  double line_rate_bps = 0;  // as the user gave it; 0: ask the ports
  PacketTrialSpec trial;
  bool idle_auto = true;  // trial.idle is chosen when the cores are known
  std::uint32_t ring_frames = 4096;
  CpuList tx_cores, rx_cores;
  bool use_calibration = true;     // shown beside the results
  std::vector<std::string> notes;  // what is done otherwise than the user may think
};

struct TrialSettings {
  TestSettings test;
  Rate rate;
  Nanoseconds duration = 0;
  std::vector<Criterion> fail_if;
  std::string frame_log;  // path; empty: none
};

struct SearchSettings {
  TestSettings test;
  std::vector<SearchGoal> goals;
  SearchSpec search;  // goal, frame size and rates are set for each search
  Rate max_rate, min_rate;
  std::string trial_command;  // empty: our own frames
};

struct CalibrateSettings {
  TestSettings test;
  double floor_fps = 0;            // 0: chosen by the port's line rate
  Nanoseconds floor_duration = 0;  // 0: long enough for a p99.9
  SearchSpec ceiling;              // goal ndr; frame size set for each search
};

[[nodiscard]] Result<TrialSettings> trial_settings(const TrialText& text);
[[nodiscard]] Result<SearchSettings> search_settings(const SearchText& text);
[[nodiscard]] Result<CalibrateSettings> calibrate_settings(const CalibrateText& text);

// Frames a second of a rate other than max, for frames of that mean size, with the layer and the
// tag of `test`. Layer 3 is what Ethernet header, tag and FCS leave. Fails with kUsage for a
// percentage where there is no line rate, and for less than the rate of one frame in 10 s.
[[nodiscard]] Result<double> rate_to_fps(const Rate& rate, std::string_view flag,
                                         const TestSettings& test, double frame_size,
                                         double line_rate_bps);

// Refuses a load that is not one frame in that time: kUsage. `what`: the flag to blame.
[[nodiscard]] Status check_sends(double fps, Nanoseconds duration, std::string_view what);

}  // namespace wireproof
