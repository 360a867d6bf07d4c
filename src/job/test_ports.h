// The ports of a test: refused where a test would do harm, opened, and the cores chosen for them.
#pragma once

#include <memory>
#include <optional>

#include "base/thread_scope.h"
#include "engine/core_plan.h"
#include "engine/packet_trial.h"
#include "io/port_nature.h"
#include "job/isolation.h"
#include "job/job.h"
#include "job/two_ports.h"

namespace wireproof {

// Where the threads of a test run, until its ports have ended.
struct TestCores {
  CorePlan cores;
  // The thread that opened the ports keeps off the cores that send.
  std::optional<ScopedCpus> control;
  std::unique_ptr<Isolation> isolation;  // ends first: it changes where threads may run
};

struct OpenPorts : TestCores, TwoPorts {  // b is null with --rx none, and in a loop
  bool loop = false;                      // what `a` sends comes back to it
  PacketTrialSpec trial;                  // the settings' with the idle policy decided
  double line_rate_bps = 0;               // the slower port's, or the user's; 0: none

  [[nodiscard]] PortPair pair(bool bidirectional) const {
    return {.a = a.get(), .b = loop ? a.get() : b.get(), .bidirectional = bidirectional};
  }
};

// A test floods the link it runs on: the interface that carries the default route is refused unless
// `allowed`. kPrecondition.
[[nodiscard]] Status check_management(const PortNature& port, bool allowed);

struct NamedPort {
  PortSpec spec;
  PortNature nature;
};

// What a test comes to before anything is opened: a run begins with it, and a dry run is it.
struct PreparedTest {
  NamedPort tx;                 // both with the backend that is to open them
  std::optional<NamedPort> rx;  // absent: --rx none
  OpenSpec open;
  std::optional<double> line_rate_bps;  // 0: none; absent: only the open port tells
};

// Refuses all that can be refused without opening a port, with the error of the run; changes
// nothing and sends nothing. kUsage or kPrecondition.
[[nodiscard]] Result<PreparedTest> prepare_test(const TestSettings& test,
                                                const JobContext& context);

// Of the job's cores, those near this NUMA node (-1: unknown) first. kUsage.
[[nodiscard]] Result<CorePlan> plan_cores_of(const TestSettings& test, const CpuList& allowed,
                                             int numa_node);

// Opens both ports with one Steering. Fails with kUsage or kPrecondition; then nothing is open.
[[nodiscard]] Result<OpenPorts> open_ports(const TestSettings& test, const PreparedTest& prepared,
                                           const JobContext& context);

// Of one frame size. That nothing comes back is an event.
[[nodiscard]] Result<std::unique_ptr<PacketMeasurer>> make_measurer(const TestSettings& test,
                                                                    const TrafficProfile& profile,
                                                                    const OpenPorts& ports,
                                                                    const JobContext& context,
                                                                    IntervalObserver observer = {});

}  // namespace wireproof
