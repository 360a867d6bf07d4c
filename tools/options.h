// The command line as typed: every flag of every verb, as text. CLI11 lives in options.cc alone;
// what the texts mean is settings.h's business, so that one strict number grammar serves all of
// them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace wireproof {

struct OutputText {
  std::optional<std::string> json;  // --json[=FILE]; "" or "-": standard output
  bool json_stream = false;
  bool quiet = false;
  bool verbose = false;
  bool dry_run = false;
  bool no_color = false;  // taken for the scripts that give it: nothing here is ever coloured
};

// What trial and search share: ports, traffic, cores. An empty text is "not given".
struct TestText {
  std::string tx, rx;
  bool bidirectional = false;
  bool allow_mgmt_interface = false;
  std::string size = "64";
  std::string rate_layer = "l1";
  std::string line_rate;
  std::string flows = "1";
  std::string flow_order = "permuted";
  std::string src_mac, dst_mac, next_hop, src_ip, dst_ip, src_port, dst_port, vlan, dscp, ttl;
  bool ipv6 = false;
  std::string queues = "1";
  std::string ring = "4096";
  std::string tx_cores, rx_cores;
  std::string burst;  // not given: 1024, none of which is charged to the device
  std::string tx_stamp = "burst";
  std::string pacing = "burst";
  std::string schedule = "constant";
  std::string burst_size;
  std::string idle = "auto";
  std::string latency = "all";
  std::string warm_up = "100ms";
  std::string drain = "500ms";
  std::string interval = "1s";
  bool no_calibration = false;
};

struct TrialText {
  TestText test;
  std::string rate;
  std::string duration = "10s";
  std::vector<std::string> fail_if;
  std::string frame_log, frame_log_frames;
};

struct SearchText {
  TestText test;
  std::vector<std::string> goals;
  std::string precision = "0.5%";
  std::string trial_duration = "2s";
  std::string final_duration;  // not given: trial_duration
  std::string max_rate = "max";
  std::string min_rate = "1pps";
  std::string time_limit;
  std::string trial_command;
};

struct CalibrateText {
  TestText test;
  std::string rate, duration;  // of the floor; not given: chosen
  std::string precision = "2%";
  std::string trial_duration = "500ms";
};

struct DutText {
  std::string a, b;
  bool allow_mgmt_interface = false;
  std::map<std::string, std::string> wire;  // by wire_option_names(); holds what was given
  std::string only;
  std::string log, log_frames;
  std::string duration;
  std::string core;
  std::string idle = "sleep";
  std::string ring = "4096";
};

struct DoctorText {
  std::string interface;  // empty: the host alone
  std::string plan;
};

enum class Verb { kTrial, kSearch, kDut, kBackends, kDoctor, kCleanup, kCalibrate };

struct CommandLine {
  Verb verb = Verb::kTrial;
  OutputText output;
  TrialText trial;
  SearchText search;
  DutText dut;
  DoctorText doctor;
  CalibrateText calibrate;
};

// What to do instead of running a verb: print this and end with this exit code.
struct EarlyExit {
  std::string text;
  int exit_code = 0;
};

// The command line, or an early exit (help, version), or a usage error; with an error, `line` holds
// the verb alone, where there was one.
struct ParsedCommandLine {
  CommandLine line;
  std::optional<EarlyExit> early;
  std::optional<Error> error;
};

[[nodiscard]] ParsedCommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace wireproof
