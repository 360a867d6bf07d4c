#include "base/cpu.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/units.h"

namespace wireproof {
namespace {

constexpr std::string_view kListForms = "CPU numbers and ranges such as 2-5,7";

// Affinity masks wider than glibc's cpu_set_t (1024) exist; the kernel takes any length.
using Mask = std::array<unsigned long, (kCpuMax + 1) / (8 * sizeof(unsigned long))>;
constexpr unsigned kBitsPerWord = 8 * sizeof(unsigned long);

// Digits alone, so that every list the kernel prints and no other text is a list.
std::optional<unsigned> parse_cpu(std::string_view text) {
  constexpr std::size_t kDigitsMax = 4;
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= kCpuMax ? std::optional(value) : std::nullopt;
}

// Appends "N" or "N-M"; false when it is neither.
bool append_range(std::string_view part, CpuList& cpus) {
  const std::size_t dash = part.find('-');
  const auto first = parse_cpu(part.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_cpu(part.substr(dash + 1));
  if (!first || !last || *first > *last) return false;
  for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  return cpus.size() <= 2 * (kCpuMax + 1);
}

// nullopt unless the whole text is one list; ascending, duplicates kept.
std::optional<CpuList> scan_list(std::string_view text) {
  CpuList cpus;
  while (true) {
    const std::size_t comma = text.find(',');
    if (!append_range(text.substr(0, comma), cpus)) return std::nullopt;
    if (comma == std::string_view::npos) break;
    text = text.substr(comma + 1);
  }
  std::sort(cpus.begin(), cpus.end());
  return cpus;
}

}  // namespace

Result<CpuList> parse_cpu_list(std::string_view flag, std::string_view text) {
  const auto cpus = scan_list(text);
  if (!cpus) {
    return fail(ErrorKind::kUsage, fmt::format("{}: {} is not understood", flag, quote(text)),
                fmt::format("write {}", kListForms));
  }
  const auto twice = std::adjacent_find(cpus->begin(), cpus->end());
  if (twice != cpus->end()) {
    return fail(ErrorKind::kUsage,
                fmt::format("{}: {} names CPU {} twice", flag, quote(text), *twice),
                "name each CPU once");
  }
  return *cpus;
}

CpuList allowed_cpus() {
  Mask mask{};
  CpuList cpus;
  if (sched_getaffinity(0, sizeof mask, reinterpret_cast<cpu_set_t*>(mask.data())) != 0) {
    return cpus;
  }
  for (std::size_t word = 0; word < mask.size(); ++word) {
    for (unsigned long bits = mask[word]; bits != 0; bits &= bits - 1) {
      cpus.push_back(static_cast<unsigned>(word * kBitsPerWord) +
                     static_cast<unsigned>(std::countr_zero(bits)));
    }
  }
  return cpus;
}

Status run_current_thread_on(const CpuList& cpus) {
  Mask mask{};
  for (const unsigned cpu : cpus) {
    if (cpu <= kCpuMax) mask[cpu / kBitsPerWord] |= 1ul << (cpu % kBitsPerWord);
  }
  const int error = pthread_setaffinity_np(pthread_self(), sizeof mask,
                                           reinterpret_cast<cpu_set_t*>(mask.data()));
  if (error == 0) return {};
  return fail(
      ErrorKind::kPrecondition,
      fmt::format("cannot run a worker on CPU {}: {}", fmt::join(cpus, ","), std::strerror(error)),
      "choose one of the CPUs that `wireproof doctor` lists as allowed", error);
}

Status pin_current_thread(unsigned cpu) {
  return run_current_thread_on({cpu});
}

CpuList CpuFacts::online() const {
  return read_list("sys/devices/system/cpu/online");
}

CpuList CpuFacts::isolated() const {
  return read_list("sys/devices/system/cpu/isolated");
}

int CpuFacts::numa_node(unsigned cpu) const {
  for (const unsigned node : read_list("sys/devices/system/node/online")) {
    const CpuList cpus = cpus_of_node(static_cast<int>(node));
    if (std::binary_search(cpus.begin(), cpus.end(), cpu)) return static_cast<int>(node);
  }
  return -1;
}

CpuList CpuFacts::cpus_of_node(int node) const {
  return read_list(fmt::format("sys/devices/system/node/node{}/cpulist", node));
}

unsigned CpuFacts::numa_nodes() const {
  const CpuList nodes = read_list("sys/devices/system/node/online");
  return std::max(1u, static_cast<unsigned>(nodes.size()));
}

unsigned CpuFacts::physical_cores(const CpuList& cpus) const {
  CpuList firsts;  // the lowest CPU of each core stands for it
  for (const unsigned cpu : cpus) {
    const CpuList threads =
        read_list(fmt::format("sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    firsts.push_back(threads.empty() ? cpu : threads.front());
  }
  std::sort(firsts.begin(), firsts.end());
  return static_cast<unsigned>(std::unique(firsts.begin(), firsts.end()) - firsts.begin());
}

std::string CpuFacts::model() const {
  constexpr std::string_view kKey = "model name";
  std::ifstream file(root_ + "/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with(kKey) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string CpuFacts::clocksource() const {
  const std::string name =
      read_line("sys/devices/system/clocksource/clocksource0/current_clocksource");
  return name.empty() ? "unknown" : name;
}

std::optional<std::string> CpuFacts::governor(unsigned cpu) const {
  std::string name =
      read_line(fmt::format("sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", cpu));
  if (name.empty()) return std::nullopt;
  return name;
}

std::string CpuFacts::read_line(const std::string& path) const {
  std::ifstream file(root_ + "/" + path);
  std::string line;
  std::getline(file, line);
  return line;
}

CpuList CpuFacts::read_list(const std::string& path) const {
  return scan_list(read_line(path)).value_or(CpuList{});
}

}  // namespace wireproof
