// Everything one run has to say, as plain structs: filled by tools/, turned into JSON (json.h) and
// text (text.h). No rate is stored: rates are derived where they are printed. The JSON's keys are
// docs/schema/result-1.0.schema.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/clock_state.h"
#include "base/config_value.h"
#include "base/cpu.h"
#include "base/result.h"
#include "base/words.h"
#include "io/tx_stamp_samples.h"
#include "report/calibration.h"
#include "trial/criterion.h"
#include "trial/dut.h"
#include "trial/search.h"
#include "trial/suite.h"
#include "trial/trial.h"

namespace wireproof {

inline constexpr const char* kResultSchema = "wireproof/result";
inline constexpr const char* kResultSchemaVersion = "1.0";

struct ToolFacts {
  std::string name = "wireproof";
  std::string version;
  std::string git;                    // revision; empty when built from an archive
  std::vector<std::string> backends;  // names of those built in
};

struct CoreUse {
  unsigned core = 0;
  std::string role;  // "tx", "rx", "tx+rx" (shared: a limit of the tester), "collector"
};

// One port of the tester.
struct NicFacts {
  std::string port;     // as the user wrote it: DirectionResult::from and to name it so
  std::string backend;  // the one really used
  std::string device;
  bool udp_payload = false;  // a socket: the kernel owns the headers
  std::optional<MacAddress> mac;
  std::string endpoint;             // "198.18.0.1:9000", sockets only
  unsigned mtu = 0;                 // 0: no limit known
  std::uint64_t line_rate_bps = 0;  // 0: none (veth, memory, sockets)
  int numa_node = -1;               // -1: unknown or does not matter
  std::string driver;               // of the kernel; empty without one
  std::string firmware;
  std::string mode;      // what was granted: "copy", "zero-copy", "ring v2", "sendmmsg"
  std::string rx_stamp;  // "xdp", "kernel", "poll"
  unsigned queues = 0;
  std::uint32_t ring_frames = 0;            // 0: unknown
  std::optional<TxStampSamples> tx_stamps;  // since the port was opened
  // By the driver's own names, since the port was opened.
  std::vector<std::pair<std::string, std::uint64_t>> counters;
};

// What ptp4l says of itself (IEEE 1588-2008 sections 8.2 and 15.5; linuxptp's own TIME_STATUS_NP).
// Absent: it does not run. It steers a NIC's clock, not the axis of this program: two hosts whose
// clocks are compared need it, one host does not.
struct PtpFacts {
  std::string port_state;   // "SLAVE"; empty, as is all that follows: it runs and did not answer
  bool gm_present = false;  // a grandmaster other than this clock
  std::string gm_identity;  // "525400.fffe.123456"
  std::optional<std::int64_t> offset_ns;  // from the master
  std::optional<std::int64_t> path_delay_ns;
  std::optional<std::uint32_t> steps_removed;
};

// What --isolate did.
struct IsolationFacts {
  CpuList cores;                  // no other program ran there
  unsigned interrupts_moved = 0;  // of the test's NICs, off these cores
};

struct HostFacts {
  std::string host;
  std::string kernel;
  std::string cpu;
  unsigned cpus_online = 0;
  unsigned numa_nodes = 0;
  std::vector<CoreUse> cores_used;
  std::optional<IsolationFacts> isolation;
  std::vector<NicFacts> nics;
  ClockState clock;         // of every stamp and duration, as it was when the run ended
  std::string clocksource;  // the kernel's: "tsc", "kvm-clock"
  std::optional<PtpFacts> ptp;
};

// The one that reports first, then those of far ends; never empty.
using Hosts = std::vector<HostFacts>;

enum class ReportKind { kTrial, kSearch, kRfc2544, kDut, kCalibration };

enum class RunStatus {
  kOk,       // done, whatever the device did
  kFailed,   // a criterion the user gave was not met
  kInvalid,  // the tester cannot guarantee it
  kAborted,  // stopped by the user: the document holds what ran
  kError,    // see error
};

struct RunReport {
  ReportKind kind = ReportKind::kTrial;
  ToolFacts tool;
  std::int64_t started_at_unix_ns = 0;  // CLOCK_REALTIME
  Nanoseconds duration = 0;             // of the whole run, by the monotonic clock
  Hosts hosts = Hosts(1);
  std::vector<std::string> command;  // argv
  Config settings;                   // what was asked for, defaults too: read_job() takes it
  Config config;                     // effective, by the keys of schema 1.0
  RunStatus status = RunStatus::kOk;
  std::optional<Error> error;
  double line_rate_bps = 0;               // of the ports, or as given by the user; 0: none
  std::vector<TrialResult> trials;        // of a trial run or a suite; those of a search are in it
  std::vector<CriterionResult> criteria;  // of a trial run, in the order of the trials
  std::vector<SearchResult> searches;     // one per frame size and goal
  std::optional<SuiteResult> suite;       // of a suite whose ports were opened
  std::optional<DutResult> dut;           // of a dut run that began to forward
  Calibrations calibrations;              // of a calibration run, also in calibration_file
  std::string calibration_file;           // empty: not stored
  std::vector<std::string> notes;         // what the reader must know of the whole run

  [[nodiscard]] HostFacts& here() { return hosts.front(); }
  [[nodiscard]] const HostFacts& here() const { return hosts.front(); }
};

// "2026-05-01T12:00:00.123456789Z", RFC 3339 section 5.6, UTC.
[[nodiscard]] std::string rfc3339_utc(std::int64_t unix_ns);
// Back again; nullopt of what rfc3339_utc() does not write.
[[nodiscard]] std::optional<std::int64_t> read_rfc3339_utc(std::string_view text);

// The words of the document.
inline constexpr Words<ReportKind, 5> kReportKindWords{{{ReportKind::kTrial, "trial"},
                                                        {ReportKind::kSearch, "search"},
                                                        {ReportKind::kRfc2544, "rfc2544"},
                                                        {ReportKind::kDut, "dut"},
                                                        {ReportKind::kCalibration, "calibration"}}};
inline constexpr Words<RunStatus, 5> kRunStatusWords{{{RunStatus::kOk, "ok"},
                                                      {RunStatus::kFailed, "failed"},
                                                      {RunStatus::kInvalid, "invalid"},
                                                      {RunStatus::kAborted, "aborted"},
                                                      {RunStatus::kError, "error"}}};
inline constexpr Words<Verdict, 3> kVerdictWords{
    {{Verdict::kPass, "pass"}, {Verdict::kFail, "fail"}, {Verdict::kInvalid, "invalid"}}};
inline constexpr Words<ErrorKind, 6> kErrorWords{{{ErrorKind::kUsage, "usage"},
                                                  {ErrorKind::kPrecondition, "precondition"},
                                                  {ErrorKind::kPeer, "peer"},
                                                  {ErrorKind::kOutput, "output"},
                                                  {ErrorKind::kInvalid, "invalid"},
                                                  {ErrorKind::kInterrupted, "interrupted"}}};
// Of NicFacts::udp_payload.
inline constexpr Words<bool, 2> kLayerWords{{{false, "l2"}, {true, "udp_payload"}}};

// The port a direction names; nullptr when no host knows it.
[[nodiscard]] const NicFacts* find_nic(const Hosts& hosts, const std::string& port);

}  // namespace wireproof
