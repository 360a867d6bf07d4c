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

#include "tools/doctor_interface.h"

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

HostFinding good(std::string subject, std::string text) {
  return {Bearing::kGood, std::move(subject), std::move(text), ""};
}

HostFinding limits(std::string subject, std::string text, std::string cure) {
  return {Bearing::kLimits, std::move(subject), std::move(text), std::move(cure)};
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
                                              const std::string& interface) {
  const CpuFacts cpus;
  const CpuList allowed = allowed_cpus();
  const std::uint64_t capabilities = parse_effective_capabilities(read_file("/proc/self/status"));
  std::vector<HostFinding> findings = {
      check_backends(found, !interface.empty()),
      check_capabilities(capabilities),
      check_memlock(memlock_limit(), capabilities),
      check_cpus(cpus, allowed),
      check_governor(cpus, allowed),
      check_isolation(cpus, allowed),
      check_numa(cpus),
      check_clocksource(cpus),
      check_autogroup(read_file("/proc/sys/kernel/sched_autogroup_enabled"),
                      read_file("/proc/self/autogroup")),
      check_hugepages("/"),
  };
  if (interface.empty()) return findings;
  const auto seen = examine_interface(interface);
  if (!seen) return tl::unexpected(seen.error());
  for (HostFinding& finding : judge_interface(*seen)) findings.push_back(std::move(finding));
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
  return limits("cpus", text + "; sender and receiver take turns on one CPU",
                "allow at least two CPUs (taskset, cpuset)");
}

HostFinding check_governor(const CpuFacts& facts, const CpuList& allowed) {
  for (const unsigned cpu : allowed) {
    const auto governor = facts.governor(cpu);
    if (governor && *governor != "performance") {
      return limits("governor", fmt::format("CPU {} scales its frequency ({})", cpu, *governor),
                    "cpupower frequency-set -g performance");
    }
    if (!governor) return good("governor", "no frequency scaling to see from here");
  }
  return good("governor", "performance");
}

HostFinding check_isolation(const CpuFacts& facts, const CpuList& allowed) {
  const CpuList isolated = facts.isolated();
  if (!isolated.empty()) return good("isolation", "isolated CPUs: " + list_text(isolated));
  if (allowed.size() < 4) return good("isolation", "none, and none to spare");
  return limits("isolation", "no isolated CPUs: other work can delay sender and receiver",
                "boot with isolcpus= and nohz_full=, then give them as --tx-cores, --rx-cores");
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
    return good("priority", "this session goes ahead of others");
  }
  return limits("priority",
                "autogroups: the workers' priority counts within this session only, and other "
                "sessions' work can delay them",
                "sysctl kernel.sched_autogroup_enabled=0, or as root in a session of its own: "
                "echo -20 > /proc/self/autogroup");
}

HostFinding check_hugepages(const std::string& root) {
  const std::string meminfo = read_file(root + "/proc/meminfo");
  constexpr std::string_view kKey = "HugePages_Free:";
  const std::size_t at = meminfo.find(kKey);
  unsigned long free_pages = 0;
  if (at != std::string::npos) {
    const std::size_t digit = meminfo.find_first_not_of(' ', at + kKey.size());
    if (digit != std::string::npos) {
      std::from_chars(meminfo.data() + digit, meminfo.data() + meminfo.size(), free_pages);
    }
  }
  return good("hugepages", fmt::format("{} free; no backend of this build uses them", free_pages));
}

}  // namespace wireproof
