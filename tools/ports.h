// The ports of a test: refused where a test would do harm, opened, and the cores chosen for them.
#pragma once

#include <memory>

#include "engine/core_plan.h"
#include "engine/packet_trial.h"
#include "report/document.h"
#include "tools/session.h"
#include "tools/settings.h"

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

// Opens both ports with one Steering. Fails with kUsage or kPrecondition; then nothing is open.
[[nodiscard]] Result<OpenPorts> open_ports(const TestSettings& test, const Session& session);

// What the ports and cores are, for the report.
void describe_ports(const OpenPorts& ports, const TestSettings& test, RunReport& report);

// What transmit stamps told of each port by now, and which receive stamps it turned out to use, for
// the report that describe_ports() began.
void describe_stamps(const OpenPorts& ports, RunReport& report);

// Says on standard error, unless the user wants it quiet, that nothing comes back.
void tell_of_silence(PacketMeasurer& measurer, const Session& session);

// The effective configuration that trial and search share.
[[nodiscard]] Config describe_test(const TestSettings& test);

// --dry-run: what would be opened, sent and needed, as text. Opens nothing, sends nothing. `rate`
// and `duration` are the trial's (absent for a search, whose loads are not known); the rate in
// frames a second is shown where it does not depend on a port's line rate.
[[nodiscard]] Result<std::string> describe_plan(const TestSettings& test, const Session& session,
                                                const std::string& load,
                                                const std::optional<Rate>& rate = {},
                                                Nanoseconds duration = 0);

}  // namespace wireproof
