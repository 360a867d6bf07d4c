#include "base/core_partition.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

namespace wireproof {
namespace {

namespace fs = std::filesystem;

// All groups of ours are called so, with the process and a number behind it.
constexpr std::string_view kGroupPrefix = "wireproof.";
// With threads that have ended, which are in their group for a moment more, and with others of us.
constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kLookAgain = std::chrono::milliseconds(1);

// Who turned the cpuset controller on, in the journal.
constexpr const char* kOurs = "ours";

std::atomic<bool> in_use{false};

// Of a file of one line; empty when there is none, or it cannot be read.
std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// 0, or why the kernel did not take it.
int write_value(const fs::path& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

bool has_word(const std::string& line, std::string_view wanted) {
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word == wanted) return true;
  }
  return false;
}

// Where the whole of cgroup v2 is mounted, by a mountinfo (man 5 proc); empty: nowhere.
std::string mounted_at(const fs::path& mountinfo) {
  std::ifstream file(mountinfo);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string skipped, top, at, word;
    words >> skipped >> skipped >> skipped >> top >> at;
    while (words >> word && word != "-") {
    }
    if (words >> word && word == "cgroup2" && top == "/") return at;
  }
  return {};
}

// `ip netns exec` gives its programs a /sys without it: there the first process still has it. It is
// not mounted anew, which would change the options of what is mounted already.
std::string find_groups(const fs::path& root) {
  const std::string here = mounted_at(root / "proc/self/mountinfo");
  if (!here.empty()) return root / fs::path(here).relative_path();
  const std::string first = mounted_at(root / "proc/1/mountinfo");
  if (first.empty()) return {};
  return root / "proc/1/root" / fs::path(first).relative_path();
}

// The number of the v1 hierarchy that has the CPU sets; 0: none has (man 7 cgroups, /proc/cgroups).
unsigned hierarchy_of_cpusets(const fs::path& root) {
  std::ifstream file(root / "proc/cgroups");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    unsigned hierarchy = 0;
    if (words >> name >> hierarchy && name == "cpuset") return hierarchy;
  }
  return 0;
}

tl::unexpected<Error> no_partition(std::string why, std::string cure, int error = 0) {
  return fail(ErrorKind::kPrecondition,
              "cannot take cores from the other programs of this host: " + std::move(why),
              std::move(cure), error);
}

constexpr const char* kAtBoot =
    "boot with isolcpus=2,3 instead, and run it under taskset -c 0,2,3 with --tx-cores 2 "
    "--rx-cores 3";

// One process at a time makes or removes groups of ours: the controller is turned on for the first
// of them, and off behind the last. Anybody may hold the lock: who does for long is not waited for.
class GroupsLock {
 public:
  explicit GroupsLock(const fs::path& groups)
      : folder_(::open(groups.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (folder_ && flock(folder_.get(), LOCK_EX | LOCK_NB) != 0 &&
           std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(kLookAgain);
    }
  }

 private:
  UniqueFd folder_;  // which unlocks it
};

// "member" and an empty list are what every group has.
bool says_more(const fs::path& file) {
  const std::string line = first_line(file);
  return !line.empty() && line != "member";
}

bool has_cores(const fs::path& group) {
  for (const char* file :
       {"cpuset.cpus", "cpuset.cpus.exclusive", "cpuset.cpus.partition", "cpuset.mems"}) {
    if (says_more(group / file)) return true;
  }
  return has_word(first_line(group / "cgroup.subtree_control"), "cpuset");
}

// A group directly below the root, `own` aside, that uses the controller.
bool others_have_cores(const fs::path& groups, const std::string& own) {
  std::error_code error;
  for (fs::directory_iterator entry(groups, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename() != own && has_cores(entry->path())) return true;
  }
  return false;
}

// Who turned the controller on. Another run of ours may have: it then leaves it to us.
const char* owner_of_controller(const fs::path& groups) {
  if (!has_word(first_line(groups / "cgroup.subtree_control"), "cpuset")) return kOurs;
  for (const JournalEntry& entry : all_journalled()) {
    const auto field = entry.fields.find("controller");
    if (entry.kind == kCorePartitionKind && field != entry.fields.end() && field->second == kOurs)
      return kOurs;
  }
  return "found";
}

// "/user.slice/session-1.scope": the group of this process in v2.
std::string own_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return {};
}

// Of no other process either, whose number may be the same in another PID namespace.
std::string name_of_group() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return fmt::format("{}{}.{:x}{:08x}", kGroupPrefix, getpid(), now.tv_sec, now.tv_nsec);
}

// A threaded group with these cores, still an ordinary member of the root's partition.
Status make_group(const fs::path& groups, const std::string& name, const std::string& cores) {
  const fs::path group = groups / name;
  if (const int error = write_value(groups / "cgroup.subtree_control", "+cpuset"); error != 0)
    return no_partition(fmt::format("the cpuset controller is refused: {}", std::strerror(error)),
                        kAtBoot, error);
  if (::mkdir(group.c_str(), 0755) != 0)
    return no_partition(fmt::format("no group {}: {}", group.string(), std::strerror(errno)),
                        kAtBoot, errno);
  for (const auto& [file, text] :
       {std::pair<const char*, std::string>{"cgroup.type", "threaded"}, {"cpuset.cpus", cores}}) {
    if (const int error = write_value(group / file, text); error != 0)
      return no_partition(fmt::format("{} of {} is refused: {}", file, name, std::strerror(error)),
                          kAtBoot, error);
  }
  // Then nobody can take the controller from the root by the way, as systemd does.
  static_cast<void>(write_value(group / "cgroup.subtree_control", "+cpuset"));
  // Against kernel threads that are not bound to another core; where groups have weights at all.
  static_cast<void>(write_value(group / "cpu.weight", "10000"));
  return {};
}

// The kernel's answer is what the file then says: "isolated", or "isolated invalid (why)".
Status isolate(const fs::path& group, const std::string& cores) {
  const fs::path file = group / "cpuset.cpus.partition";
  const int error = write_value(file, "isolated");
  const std::string said = first_line(file);
  if (error == 0 && said == "isolated") return {};
  if (error == EINVAL && said == "member")
    return no_partition("its kernel knows no isolated partitions (Linux 6.1 and later)", kAtBoot,
                        error);
  return no_partition(fmt::format("a partition of {} is refused: {}", cores,
                                  error != 0 ? std::strerror(error) : said),
                      "leave the host a core, and give cores that no other group has (cpuset.cpus)",
                      error);
}

}  // namespace

Status CorePartition::check(const std::string& root) {
  const fs::path at = root;
  const fs::path groups = find_groups(at);
  const unsigned hierarchy = hierarchy_of_cpusets(at);
  if (hierarchy != 0)
    return no_partition(fmt::format("its CPU sets are of cgroup v1 (hierarchy {}), which has no "
                                    "isolated partitions",
                                    hierarchy),
                        fmt::format("{}; or boot with cgroup_no_v1=cpuset", kAtBoot));
  if (groups.empty())
    return no_partition("cgroup v2 is not mounted", "mount -t cgroup2 none /sys/fs/cgroup");
  if (!has_word(first_line(groups / "cgroup.controllers"), "cpuset"))
    return no_partition("its kernel has no CPU sets in cgroup v2 (CONFIG_CPUSETS)", kAtBoot);
  std::error_code none;
  if (fs::exists(groups / "cgroup.type", none))
    return no_partition("this process sees a part of its groups alone, as in a container",
                        "run it outside of the container");
  if (::access((groups / "cgroup.procs").c_str(), W_OK) != 0)
    return no_partition(
        fmt::format("{}: {}", groups.string(), std::strerror(errno)),
        errno == EROFS ? "run it where the hierarchy may be written" : "run it as root", errno);
  if (first_line(at / "proc/cmdline").find("isolcpus=") != std::string::npos)
    return no_partition(
        "it has isolated cores since it was booted (isolcpus=)",
        "give those: run it under taskset with them and another core, and name them "
        "as --tx-cores and --rx-cores");
  return {};
}

Result<std::unique_ptr<CorePartition>> CorePartition::make(const CpuList& cores, Journal& journal) {
  if (Status able = check(); !able) return tl::unexpected(able.error());
  if (in_use.exchange(true))
    return no_partition("another job of this process has", "run one such job after the other");
  const std::string groups = find_groups("/");
  const std::string name = name_of_group();
  std::unique_ptr<CorePartition> made(new CorePartition(groups, name));
  const GroupsLock lock(groups);
  const std::string list = fmt::format("{}", fmt::join(cores, ","));
  const std::string before = own_group();
  if (Status kept = journal.record({.kind = kCorePartitionKind,
                                    .fields = {{"group", name},
                                               {"cores", list},
                                               {"controller", owner_of_controller(groups)}}},
                                   Journal::Where::kHost);
      !kept) {
    return tl::unexpected(kept.error());
  }
  const fs::path group = fs::path(groups) / name;
  if (Status ok = make_group(groups, name, list); !ok) return tl::unexpected(ok.error());
  made->threads_ = UniqueFd(::open((group / "cgroup.threads").c_str(), O_WRONLY | O_CLOEXEC));
  if (!made->threads_) return no_partition(std::strerror(errno), kAtBoot, errno);
  if (before != "/") {
    const int error = write_value(fs::path(groups) / "cgroup.procs", "0");
    if (error != 0)
      return no_partition(
          fmt::format("this process may not leave {}: {}", before, std::strerror(error)), kAtBoot,
          error);
    made->before_ = before;
  }
  if (Status ok = isolate(group, list); !ok) return tl::unexpected(ok.error());
  return made;
}

CorePartition::~CorePartition() {
  // Where its group has gone meanwhile it stays in the root, which has every core.
  if (!before_.empty())
    static_cast<void>(
        write_value(fs::path(groups_) / fs::path(before_).relative_path() / "cgroup.procs", "0"));
  in_use = false;
}

Status CorePartition::join() const {
  if (::write(threads_.get(), "0", 1) == 1) return {};
  return fail(ErrorKind::kPrecondition,
              fmt::format("a worker cannot join its isolated cores: {}", std::strerror(errno)), {},
              errno);
}

Status CorePartition::holds() const {
  const std::string said = first_line(fs::path(groups_) / name_ / "cpuset.cpus.partition");
  if (said == "isolated") return {};
  return fail(ErrorKind::kPrecondition,
              fmt::format("the isolated cores are taken back: the kernel says '{}' of {}",
                          said.empty() ? "nothing" : said, name_),
              "see which program changes its control group (systemd, a container engine)");
}

Status undo_core_partition(const JournalEntry& entry, const std::string& root) {
  const auto field = [&entry](const char* key) {
    const auto found = entry.fields.find(key);
    return found == entry.fields.end() ? std::string() : found->second;
  };
  const std::string name = field("group");
  // A name that is no group of ours is nobody's order to remove one.
  if (!name.starts_with(kGroupPrefix) || name.find('/') != std::string::npos) return {};
  const fs::path groups = find_groups(root);
  std::error_code none;
  if (groups.empty() || !fs::exists(groups / "cgroup.procs", none))
    return fail(ErrorKind::kPrecondition, "cgroup v2 is not mounted here",
                fmt::format("remove its group {} by hand", name));
  const GroupsLock lock(groups);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (::rmdir((groups / name).c_str()) != 0 && errno != ENOENT) {
    if (errno != EBUSY || std::chrono::steady_clock::now() > until)
      return fail(ErrorKind::kPrecondition,
                  fmt::format("{} stays: {}", (groups / name).string(), std::strerror(errno)),
                  "end the threads in its cgroup.threads", errno);
    std::this_thread::sleep_for(kLookAgain);
  }
  if (field("controller") == kOurs && !others_have_cores(groups, name))
    static_cast<void>(write_value(groups / "cgroup.subtree_control", "-cpuset"));
  return {};
}

}  // namespace wireproof
