// The ports of a test: refused where a test would do harm, opened, and the cores chosen for them.
#pragma once

#include <memory>

#include "engine/core_plan.h"
#include "engine/packet_trial.h"
#include "report/document.h"
#include "settings/settings.h"
#include "tools/session.h"

namespace wireproof {

struct OpenPorts {
  std::unique_ptr<Device> a;
  std::unique_ptr<Device> b;  // null: --rx none, or a loop
  bool loop = false;          // what `a` sends comes back to it
  CorePlan cores;
  PacketTrialSpec trial;     // the settings' with the idle policy decided
  double line_rate_bps = 0;  // the slower port's, or the user's; 0: none

  [[nodiscard]] PortPair pair(bool bidirectional) const {
    return {.a = a.get(), .b = loop ? a.get() : b.get(), .bidirectional = bidirectional};
  }
};

// A test floods the link it runs on: the interface that carries the default route is refused unless
// `allowed`. kPrecondition.
[[nodiscard]] Status check_management(const PortSpec& port, bool allowed);

// One port for the report; what the host did not grant goes to the notes.
void describe_port(const Device& device, std::uint32_t ring_frames, RunReport& report);

// What a test comes to before anything is opened: a run begins with it, and a dry run is it.
struct PreparedTest {
  PortSpec tx;                 // both with the backend that is to open them
  std::optional<PortSpec> rx;  // absent: --rx none
  OpenSpec open;
  std::optional<double> line_rate_bps;  // 0: none; absent: only the open port tells
};

// Refuses all that can be refused without opening a port, with the error of the run; changes
// nothing and sends nothing. kUsage or kPrecondition.
[[nodiscard]] Result<PreparedTest> prepare_test(const TestSettings& test, const Session& session);

// Opens both ports with one Steering. Fails with kUsage or kPrecondition; then nothing is open.
[[nodiscard]] Result<OpenPorts> open_ports(const TestSettings& test, const PreparedTest& prepared,
                                           const Session& session);

// What the ports and cores are, for the report.
void describe_ports(const OpenPorts& ports, const TestSettings& test, RunReport& report);

// What each port counted by now, and which receive stamps it turned out to use, for the report that
// describe_ports() began.
void describe_counters(const OpenPorts& ports, RunReport& report);
// Of one port: its counters by the driver's own names, and what transmit stamps told.
void describe_counters(const DeviceCounters& counters, NicFacts& nic);

// Says on standard error, unless the user wants it quiet, that nothing comes back.
void tell_of_silence(PacketMeasurer& measurer, const Session& session);

// The effective configuration that trial and search share.
[[nodiscard]] Config describe_test(const TestSettings& test);

// --dry-run: what would be opened, sent and needed, as text. `loads_fps`: of each size, where a
// trial's loads are known (not those of a search), `duration` the trial's.
[[nodiscard]] std::string describe_plan(const TestSettings& test, const PreparedTest& prepared,
                                        const std::string& load,
                                        const std::vector<double>& loads_fps = {},
                                        Nanoseconds duration = 0);

}  // namespace wireproof
