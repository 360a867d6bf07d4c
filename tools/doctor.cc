#include "tools/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include "base/core_partition.h"
#include "job/leftovers.h"
#include "job/ptp_state.h"
#include "tools/doctor_interface.h"
#include "tools/doctor_pci.h"
#include "tools/doctor_plan.h"
#include "tools/finding.h"

namespace wireproof {
namespace {

struct Capability {
  int number;
  std::string_view name;
  std::string_view use;
};

// What each backend needs, as measured on Linux 6.18; CAP_BPF came with Linux 5.8.
constexpr std::array<Capability, 4> kCapabilities{
    {{CAP_NET_RAW, "cap_net_raw", "af_packet, af_xdp"},
     {CAP_NET_ADMIN, "cap_net_admin", "af_xdp, keeping test frames out of the host's stack"},
     {39, "cap_bpf", "af_xdp"},
     {CAP_IPC_LOCK, "cap_ipc_lock", "af_xdp beyond the memlock limit"}}};

// Frame memory of one queue pair with its default rings, twice over.
constexpr std::uint64_t kMemlockWanted = 64ull << 20;

bool has(std::uint64_t capabilities, int number) {
  return (capabilities >> number & 1) != 0;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<std::uint64_t> memlock_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  if (limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

// Pages of that size that nobody has taken (Documentation/admin-guide/mm/hugetlbpage.rst).
unsigned long free_hugepages(const std::string& root, unsigned size_kib) {
  const std::string text = read_file(
      fmt::format("{}/sys/kernel/mm/hugepages/hugepages-{}kB/free_hugepages", root, size_kib));
  unsigned long pages = 0;
  std::from_chars(text.data(), text.data() + text.size(), pages);
  return pages;
}

bool built_with(const std::vector<BackendFacts>& found, std::string_view name) {
  return std::any_of(found.begin(), found.end(), [name](const BackendFacts& backend) {
    return backend.name == name && backend.state != BackendFacts::State::kLeftOut;
  });
}

bool carries_default_route(const PciNic& nic) {
  return std::any_of(nic.interfaces.begin(), nic.interfaces.end(), [](const std::string& name) {
    const auto interface = read_interface(name);
    return interface && interface->carries_default_route;
  });
}

// Of the interface, when one is named.
std::vector<PciNic> nics_of(const std::string& interface) {
  std::vector<PciNic> nics = read_pci_nics("/");
  if (interface.empty()) return nics;
  std::erase_if(nics, [&interface](const PciNic& nic) {
    return std::find(nic.interfaces.begin(), nic.interfaces.end(), interface) ==
           nic.interfaces.end();
  });
  return nics;
}

void append(std::vector<HostFinding>& findings, std::vector<HostFinding> more) {
  std::move(more.begin(), more.end(), std::back_inserter(findings));
}

std::string list_text(const CpuList& cpus) {
  return fmt::format("{}", fmt::join(cpus, ","));
}

}  // namespace

std::vector<BackendFacts> backend_facts(const BackendSet& set) {
  std::vector<BackendFacts> found;
  for (const auto& backend : set.backends) {
    const Probe probe = backend->probe();
    found.push_back({std::string(backend->name()), std::string(backend->summary()),
                     probe.usable ? BackendFacts::State::kUsable : BackendFacts::State::kRefused,
                     probe.reason, probe.cure});
  }
  for (const LeftOut& out : set.left_out) {
    found.push_back({out.name, "", BackendFacts::State::kLeftOut, out.reason, ""});
  }
  return found;
}

Result<std::vector<HostFinding>> examine_host(const std::vector<BackendFacts>& found,
                                              const std::string& interface,
                                              const std::optional<LinePlan>& plan) {
  const CpuFacts cpus;
  const CpuList allowed = allowed_cpus();
  const std::uint64_t capabilities = parse_effective_capabilities(read_file("/proc/self/status"));
  std::optional<InterfaceState> state;
  if (!interface.empty()) {
    auto seen = examine_interface(interface);
    if (!seen) return tl::unexpected(seen.error());
    state = std::move(*seen);
  }
  const std::vector<PciNic> nics = nics_of(interface);
  const bool polling = plan || (built_with(found, "dpdk") && !nics.empty());
  std::vector<HostFinding> findings;
  if (plan) append(findings, judge_plan(*plan, {cpus, allowed}, nics));
  if (plan && state) findings.push_back(judge_port(*plan, state->interface));
  append(findings,
         {check_backends(found, !interface.empty()), check_capabilities(capabilities),
          check_memlock(memlock_limit(), capabilities), check_cpus(cpus, allowed),
          check_governor(cpus, allowed), check_isolation(cpus, allowed, CorePartition::check()),
          check_numa(cpus), check_clocksource(cpus),
          check_autogroup(read_file("/proc/sys/kernel/sched_autogroup_enabled"),
                          read_file("/proc/self/autogroup")),
          check_hugepages("/", polling), check_leftovers(undo_dead(undo_kinds(), true))});
  if (const auto ptp = read_ptp_state(kSecond)) findings.push_back(good("ptp", describe_ptp(*ptp)));
  for (const PciNic& nic : nics) findings.push_back(judge_binding(nic, carries_default_route(nic)));
  if (std::any_of(nics.begin(), nics.end(),
                  [](const PciNic& nic) { return !is_shared_driver(nic.driver); })) {
    findings.push_back(judge_vfio(read_vfio("/"), polling));
  }
  if (state) append(findings, judge_interface(*state));
  return findings;
}

std::uint64_t parse_effective_capabilities(std::string_view status) {
  constexpr std::string_view kKey = "CapEff:\t";
  const std::size_t at = status.find(kKey);
  std::uint64_t bits = 0;
  if (at == std::string_view::npos) return 0;
  const char* first = status.data() + at + kKey.size();
  std::from_chars(first, status.data() + status.size(), bits, 16);
  return bits;
}

HostFinding check_capabilities(std::uint64_t effective) {
  std::vector<std::string> missing;
  std::vector<std::string_view> names;
  for (const Capability& capability : kCapabilities) {
    if (has(effective, capability.number)) continue;
    missing.push_back(fmt::format("{} ({})", capability.name, capability.use));
    names.push_back(capability.name);
  }
  if (missing.empty()) return good("rights", "all that the backends ask for");
  return limits(
      "rights", fmt::format("missing: {}", fmt::join(missing, "; ")),
      fmt::format("run as root, or: setcap {}+ep /path/to/wireproof", fmt::join(names, ",")));
}

HostFinding check_memlock(std::optional<std::uint64_t> limit_bytes, std::uint64_t capabilities) {
  if (!limit_bytes) return good("memlock", "unlimited");
  const std::uint64_t kib = *limit_bytes >> 10;
  if (has(capabilities, CAP_IPC_LOCK)) {
    return good("memlock", fmt::format("{} KiB, which cap_ipc_lock overrides", kib));
  }
  if (*limit_bytes >= kMemlockWanted) return good("memlock", fmt::format("{} KiB", kib));
  return limits("memlock",
                fmt::format("{} KiB: af_xdp with many queues or long rings will be refused", kib),
                "ulimit -l unlimited, LimitMEMLOCK= of the service, or cap_ipc_lock");
}

HostFinding check_backends(const std::vector<BackendFacts>& found, bool interface_named) {
  std::vector<std::string> usable;
  bool for_interface = false;
  for (const BackendFacts& backend : found) {
    if (backend.state != BackendFacts::State::kUsable) continue;
    usable.push_back(backend.name);
    for_interface |= backend.name.starts_with("af_");
  }
  const std::string text = fmt::format("usable: {}", fmt::join(usable, ", "));
  if (for_interface) return good("backends", text);
  const std::string cure = "see `wireproof backends` for each one's reason";
  if (interface_named) {
    return {Bearing::kBlocks, "backends", text + "; none of them opens an interface", cure};
  }
  return limits("backends", text + "; no interface can be tested", cure);
}

HostFinding check_cpus(const CpuFacts& facts, const CpuList& allowed) {
  const std::string text = fmt::format("{} ({}) of {} online: {}", allowed.size(),
                                       list_text(allowed), facts.online().size(), facts.model());
  if (allowed.size() >= 3) return good("cpus", text);
  if (allowed.size() == 2) {
    return limits("cpus", text + "; a device on the same host shares them with the tester",
                  "test a device on another host, or allow more CPUs (taskset, cpuset)");
  }
  return limits("cpus", text + "; sender and receiver share one CPU",
                "allow at least two CPUs (taskset, cpuset)");
}

HostFinding check_governor(const CpuFacts& facts, const CpuList& allowed) {
  for (const unsigned cpu : allowed) {
    const auto governor = facts.governor(cpu);
    if (governor && *governor != "performance") {
      return limits("governor", fmt::format("CPU {} scales its frequency ({})", cpu, *governor),
                    "cpupower frequency-set -g performance");
    }
    if (!governor) return good("governor", "no frequency scaling is visible here");
  }
  return good("governor", "performance");
}

HostFinding check_isolation(const CpuFacts& facts, const CpuList& allowed,
                            const Status& partition) {
  const CpuList isolated = facts.isolated();
  if (!isolated.empty()) return good("isolation", "isolated CPUs: " + list_text(isolated));
  if (allowed.size() < 2) return good("isolation", "none; one CPU cannot be isolated");
  if (partition)
    return good("isolation", "no isolated CPUs; --isolate asks the kernel for them, for a run");
  return limits("isolation",
                fmt::format("no isolated CPUs: other work can delay sender and receiver; --isolate "
                            "is not possible: {}",
                            partition.error().message),
                partition.error().hint);
}

HostFinding check_numa(const CpuFacts& facts) {
  const unsigned nodes = facts.numa_nodes();
  if (nodes == 1) return good("numa", "one node");
  return good("numa", fmt::format("{} nodes: workers go to the port's node", nodes));
}

HostFinding check_clocksource(const CpuFacts& facts) {
  const std::string name = facts.clocksource();
  constexpr std::array<std::string_view, 4> kFast{"tsc", "kvm-clock", "arch_sys_counter",
                                                  "hyperv_clocksource_tsc_page"};
  if (std::find(kFast.begin(), kFast.end(), name) != kFast.end()) return good("clock", name);
  return limits("clock", name + ": reading the time is slow, pacing will be coarse",
                "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource");
}

HostFinding check_autogroup(std::string_view enabled, std::string_view own) {
  if (!enabled.starts_with('1')) return good("priority", "no autogroups");
  if (own.find(" nice -") != std::string_view::npos) {
    return good("priority", "this session has a higher priority than others");
  }
  return limits("priority",
                "autogroups: the workers' priority counts within this session only, and other "
                "sessions' work can delay them",
                "sysctl kernel.sched_autogroup_enabled=0, or as root in a session of its own: "
                "echo -20 > /proc/self/autogroup");
}

HostFinding check_leftovers(const Result<std::vector<LeftoverChange>>& changes) {
  if (!changes) return limits("leftovers", changes.error().message, changes.error().hint);
  std::vector<std::string> left;
  for (const LeftoverChange& change : *changes) {
    if (change.outcome == Leftover::kWouldUndo || change.outcome == Leftover::kUnknownKind) {
      left.push_back(describe(change.entry));
    }
  }
  if (left.empty()) return good("leftovers", "killed runs left nothing");
  return limits("leftovers", fmt::format("left by killed runs: {}", fmt::join(left, "; ")),
                "wireproof cleanup; the next test does it too");
}

HostFinding check_hugepages(const std::string& root, bool wanted) {
  const unsigned long usual = free_hugepages(root, 2048);
  const unsigned long large = free_hugepages(root, 1u << 20);
  const std::string text = fmt::format("{} of 2 MiB and {} of 1 GiB free", usual, large);
  if (usual + large > 0) return good("hugepages", text);
  if (!wanted) return good("hugepages", text + "; dpdk on a PCI NIC alone needs them");
  return limits("hugepages", text + ": dpdk on a PCI NIC needs them",
                "echo 512 > /proc/sys/vm/nr_hugepages");
}

}  // namespace wireproof
