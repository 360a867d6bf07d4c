// The machine's CPUs, as the kernel describes them (Documentation/admin-guide/cputopology.rst,
// Documentation/ABI/stable/sysfs-devices-node). Everything read from files takes the root they are
// under, so that tests bring their own /sys and /proc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wireproof {

using CpuList = std::vector<unsigned>;  // ascending, none twice, when returned from here

inline constexpr unsigned kCpuMax = 8191;  // the kernel's NR_CPUS is at most 8192

// "2-5,7" as taskset(1) and the kernel write it, in the order of the text made ascending. Strict:
// digits, '-' and ',' alone; refuses empty parts, falling ranges, a CPU named twice, above kCpuMax.
// Fails with kUsage, naming `flag`.
[[nodiscard]] Result<CpuList> parse_cpu_list(std::string_view flag, std::string_view text);

// The CPUs this thread may run on (sched_getaffinity(2)): what taskset and cpusets leave.
[[nodiscard]] CpuList allowed_cpus();

// Lets the calling thread run on these CPUs alone. Fails (kPrecondition) when the kernel allows it
// none of them; then nothing has changed.
[[nodiscard]] Status run_current_thread_on(const CpuList& cpus);
// On one. Fails also when it does not exist.
[[nodiscard]] Status pin_current_thread(unsigned cpu);

// What /sys and /proc say. Cheap to make; each call reads files.
class CpuFacts {
 public:
  explicit CpuFacts(std::string root = "/") : root_(std::move(root)) {}

  [[nodiscard]] CpuList online() const;
  // Kept off the scheduler by isolcpus=; empty when none.
  [[nodiscard]] CpuList isolated() const;
  // -1: the kernel names no node for it, or there is no such CPU.
  [[nodiscard]] int numa_node(unsigned cpu) const;
  // Empty when there is no such node.
  [[nodiscard]] CpuList cpus_of_node(int node) const;
  [[nodiscard]] unsigned numa_nodes() const;  // at least 1
  // How many physical cores these CPUs are: hyperthreads of one core count once, and a CPU of which
  // the kernel says nothing for itself.
  [[nodiscard]] unsigned physical_cores(const CpuList& cpus) const;
  // "Intel(R) Xeon(R) ..."; "unknown" when the kernel does not say.
  [[nodiscard]] std::string model() const;
  // "tsc", "kvm-clock", "hpet"; "unknown" when the kernel does not say.
  [[nodiscard]] std::string clocksource() const;
  // "performance", "powersave", ...; absent where there is no frequency scaling (most guests).
  [[nodiscard]] std::optional<std::string> governor(unsigned cpu) const;

 private:
  [[nodiscard]] std::string read_line(const std::string& path) const;
  [[nodiscard]] CpuList read_list(const std::string& path) const;

  std::string root_;
};

}  // namespace wireproof
