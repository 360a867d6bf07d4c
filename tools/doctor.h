// `wireproof doctor [IFACE] [--plan RATE]`: what on this host limits or blocks a test, and the
// cure. Reads only; changes nothing, sends nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu.h"
#include "base/journal.h"
#include "base/result.h"
#include "io/backend_set.h"
#include "report/host_report.h"

namespace wireproof {

// Probes every backend built in; the left out come last.
[[nodiscard]] std::vector<BackendFacts> backend_facts(const BackendSet& set);

// Everything about the host, about the interface when one is named, and about the plan when there
// is one. Fails (kUsage) when there is no interface of that name.
[[nodiscard]] Result<std::vector<HostFinding>> examine_host(const std::vector<BackendFacts>& found,
                                                            const std::string& interface,
                                                            const std::optional<LinePlan>& plan);

// The single checks: pure but for files below the root of `facts` or `root`.

// The CapEff line of /proc/PID/status as bits (man 7 capabilities); 0 when there is none.
[[nodiscard]] std::uint64_t parse_effective_capabilities(std::string_view status);
[[nodiscard]] HostFinding check_capabilities(std::uint64_t effective);
// `limit_bytes`: RLIMIT_MEMLOCK, absent when unlimited.
[[nodiscard]] HostFinding check_memlock(std::optional<std::uint64_t> limit_bytes,
                                        std::uint64_t capabilities);
[[nodiscard]] HostFinding check_backends(const std::vector<BackendFacts>& found,
                                         bool interface_named);
[[nodiscard]] HostFinding check_cpus(const CpuFacts& facts, const CpuList& allowed);
[[nodiscard]] HostFinding check_governor(const CpuFacts& facts, const CpuList& allowed);
// `partition`: CorePartition::check().
[[nodiscard]] HostFinding check_isolation(const CpuFacts& facts, const CpuList& allowed,
                                          const Status& partition);
[[nodiscard]] HostFinding check_numa(const CpuFacts& facts);
[[nodiscard]] HostFinding check_clocksource(const CpuFacts& facts);
// `enabled`: /proc/sys/kernel/sched_autogroup_enabled; `own`: /proc/self/autogroup; both may be
// empty, where the kernel has no autogroups.
[[nodiscard]] HostFinding check_autogroup(std::string_view enabled, std::string_view own);
// `wanted`: something of this run would use them, so that having none is a limit.
[[nodiscard]] HostFinding check_hugepages(const std::string& root, bool wanted);

// What undo_dead() would undo here.
[[nodiscard]] HostFinding check_leftovers(const Result<std::vector<LeftoverChange>>& changes);

}  // namespace wireproof
