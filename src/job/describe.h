// What a test is made of, for its report and for its dry run.
#pragma once

#include <string>
#include <vector>

#include "job/test_ports.h"
#include "report/document.h"
#include "settings/settings.h"

namespace wireproof {

// One port for the report; what the host did not grant goes to the notes.
void describe_port(const Device& device, std::uint32_t ring_frames, RunReport& report);

// What the ports and cores are.
void describe_ports(const OpenPorts& ports, const TestSettings& test, RunReport& report);

// What each port counted by now, and which receive stamps it turned out to use, for the report that
// describe_ports() began.
void describe_counters(const OpenPorts& ports, RunReport& report);
// Of one port: its counters by the driver's own names, and what transmit stamps told.
void describe_counters(const DeviceCounters& counters, NicFacts& nic);

// The effective configuration that trial, search and calibrate share.
[[nodiscard]] Config describe_test(const TestSettings& test);

// What would be opened, sent and needed. `loads`: a trial's of each size, where they are known (not
// those of a search).
[[nodiscard]] std::string plan_text(const TestSettings& test, const PreparedTest& prepared,
                                    const JobContext& context, const std::string& load,
                                    const std::vector<TrialSpec>& loads = {});

}  // namespace wireproof
