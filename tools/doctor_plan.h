// `wireproof doctor --plan RATE`: what a line-rate test needs of this host, and whether it is
// there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/result.h"
#include "io/linux_interface.h"
#include "io/pci_nic.h"
#include "report/host_report.h"
#include "trial/core_estimate.h"

namespace wireproof {

// "100G" or any bit rate of a line, or "all". Fails with kUsage, naming the accepted forms.
[[nodiscard]] Result<std::vector<double>> parse_plan(std::string_view text);

// Measures what a frame costs here, at 64 bytes, IMIX and 1518 bytes: a tenth of a second.
[[nodiscard]] Result<LinePlan> make_plan(const std::vector<double>& line_rates_bps,
                                         const Clock& clock);

// The cores that workers could have: what files below the root of `facts` say of them.
struct PlanCores {
  const CpuFacts& facts;
  CpuList allowed;  // of this process; not empty
};

// `nics`: those that bear on the plan. Pure but for the files of `cores.facts`.
[[nodiscard]] std::vector<HostFinding> judge_plan(const LinePlan& plan, const PlanCores& cores,
                                                  const std::vector<PciNic>& nics);
// The single findings.
[[nodiscard]] HostFinding judge_cores(const LinePlan& plan, const PlanCores& cores);
[[nodiscard]] HostFinding judge_node(const LinePlan& plan, const PlanCores& cores,
                                     const PciNic& nic);
[[nodiscard]] HostFinding judge_pcie(const LinePlan& plan, const PciNic& nic);
[[nodiscard]] HostFinding judge_interrupts(const LinePlan& plan, const PlanCores& cores,
                                           const PciNic& nic);
[[nodiscard]] HostFinding judge_port(const LinePlan& plan, const LinuxInterface& interface);

}  // namespace wireproof
