#include "base/memory.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace wireproof {
namespace {

namespace fs = std::filesystem;
using Bytes = std::optional<std::uint64_t>;

Bytes least(Bytes a, Bytes b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Bytes difference(Bytes limit, Bytes used) {
  if (!limit || !used) return {};
  return *limit - std::min(*limit, *used);
}

// The number alone in a file; absent for "max".
Bytes read_number(const fs::path& path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (file >> value) return value;
  return {};
}

// The number behind a word, in a file of a word and a number a line.
Bytes read_named(const fs::path& path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    std::uint64_t value = 0;
    if (words >> word >> value && word == name) return value;
  }
  return {};
}

struct GroupFiles {
  const char* limit;
  const char* used;
  const char* cache;  // of memory.stat: goes when room is wanted
};
constexpr GroupFiles kUnified{"memory.max", "memory.current", "inactive_file"};
constexpr GroupFiles kLegacy{"memory.limit_in_bytes", "memory.usage_in_bytes",
                             "total_inactive_file"};

// Of the group at `path` below `mount` and of those that it is in. A container sees its own group
// at the mount itself, whatever its path says.
Bytes left_of_groups(const fs::path& mount, const fs::path& path, const GroupFiles& files) {
  Bytes left;
  for (fs::path at = path.relative_path();; at = at.parent_path()) {
    const fs::path group = mount / at;
    Bytes used = read_number(group / files.used);
    if (used) used = difference(used, read_named(group / "memory.stat", files.cache).value_or(0));
    left = least(left, difference(read_number(group / files.limit), used));
    if (at.empty()) return left;
  }
}

// man 7 cgroups: "hierarchy:controllers:path".
Bytes left_of_control_groups(const fs::path& root) {
  std::ifstream file(root / "proc/self/cgroup");
  const fs::path mount = root / "sys/fs/cgroup";
  Bytes left;
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path path = line.substr(second + 1);
    if (controllers == ",,") left = least(left, left_of_groups(mount, path, kUnified));
    if (controllers.find(",memory,") == std::string::npos) continue;
    left = least(left, left_of_groups(mount / "memory", path, kLegacy));
  }
  return left;
}

Bytes left_of_address_space(const fs::path& root) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  const Bytes pages = read_number(root / "proc/self/statm");
  if (!pages) return {};
  return difference(limit.rlim_cur, *pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

Bytes available(const fs::path& root) {
  const Bytes kib = read_named(root / "proc/meminfo", "MemAvailable:");
  return kib ? Bytes(*kib * 1024) : Bytes();
}

std::string in_mib(std::uint64_t bytes) {
  constexpr std::uint64_t kMiB = 1 << 20;
  return fmt::format("{} MiB", bytes / kMiB + (bytes % kMiB > 0 ? 1 : 0));
}

}  // namespace

std::optional<std::uint64_t> memory_left(const std::string& root) {
  return least(available(root), least(left_of_control_groups(root), left_of_address_space(root)));
}

Status check_memory(std::uint64_t bytes, std::string_view what, std::string_view cure,
                    const std::string& root) {
  const std::optional<std::uint64_t> left = memory_left(root);
  if (!left || bytes <= *left) return {};
  return fail(ErrorKind::kPrecondition,
              fmt::format("{} takes {}, and this process may take {} more", what, in_mib(bytes),
                          in_mib(*left)),
              std::string(cure), ENOMEM);
}

Error out_of_memory() {
  return {ErrorKind::kPrecondition, "the host gives this process no more memory",
          "ask for less (--ring, --queues, --frame-log-frames, --log-frames), or raise ulimit -v "
          "and the "
          "memory limit of the control group",
          ENOMEM};
}

}  // namespace wireproof
