#include "eal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pthread.h>
#include <rte_alarm.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/cpu.h"
#include "host.h"

namespace wireproof::dpdk {
namespace {

constexpr std::string_view kNeverClosed = "net_memif";
constexpr const char* kOrdinaryMegabytes = "1024";

// DPDK writes its log through a stream. Ours keeps the first lines, to be quoted; nothing reaches
// stdout, stderr or the system's log.
class Complaints {
 public:
  static Complaints& only() {
    static Complaints made;
    return made;
  }
  std::string take() {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& line : lines_) text += (text.empty() ? "" : "; ") + line;
    lines_.clear();
    return text;
  }

 private:
  static constexpr std::size_t kLinesMax = 2;

  Complaints() {
    FILE* stream = fopencookie(this, "w", {.write = &Complaints::write});
    if (stream == nullptr) return;
    setvbuf(stream, nullptr, _IONBF, 0);
    rte_openlog_stream(stream);
    rte_log_set_global_level(RTE_LOG_WARNING);
    rte_log_set_level_pattern("*", RTE_LOG_WARNING);
  }
  static ssize_t write(void* cookie, const char* text, std::size_t length) {
    static_cast<Complaints*>(cookie)->add({text, length});
    return static_cast<ssize_t>(length);
  }
  void add(std::string_view text) {
    const std::lock_guard lock(mutex_);
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (end > 0 && lines_.size() < kLinesMax) lines_.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// The calling thread's cores and name are its own: rte_eal_init takes it for its main worker.
class KeepAffinity {
 public:
  KeepAffinity() { pthread_getaffinity_np(pthread_self(), sizeof set_, &set_); }
  ~KeepAffinity() { pthread_setaffinity_np(pthread_self(), sizeof set_, &set_); }
  KeepAffinity(const KeepAffinity&) = delete;
  KeepAffinity& operator=(const KeepAffinity&) = delete;

 private:
  cpu_set_t set_{};
};

// DPDK's folder of this process's files, of which there are some only where it shares (FirstPort).
std::string prefix() {
  return fmt::format("{}{}", kRuntimePrefix, getpid());
}

std::vector<std::string> arguments(Pages pages, const FirstPort& first) {
  std::vector<std::string> words{"wireproof", "--no-telemetry", "--file-prefix=" + prefix(),
                                 "--log-level=*:warning",
                                 // One worker by name, which is the control thread; ours adopt
                                 // themselves (adopt_thread).
                                 fmt::format("--lcores=0@({})", fmt::join(allowed_cpus(), ","))};
  if (pages == Pages::kOrdinary) words.insert(words.end(), {"--no-huge", "-m", kOrdinaryMegabytes});
  if (pages == Pages::kOrdinary && !first.shares) words.emplace_back("--no-shconf");
  if (pages == Pages::kHuge) {
    words.emplace_back(first.shares ? "--huge-unlink=always" : "--in-memory");
  }
  // Only what is asked for: without a list DPDK takes every NIC that is bound for user space. The
  // host bridge, which no driver wants, stands for none.
  words.push_back("--allow=" + (first.pci_address.empty() ? "0000:00:00.0" : first.pci_address));
  return words;
}

// Attached and not yet detached: a second user would take the port from the first.
std::set<std::uint16_t>& ports_in_use() {
  static std::set<std::uint16_t> ports;
  return ports;
}

std::atomic<unsigned> g_highest{0};

// When one end of a virtual wire closes, DPDK's interrupt thread tells the other end, and must not
// find it half closed. An alarm is handled by the same thread, behind what was pending.
void let_interrupts_pass() {
  constexpr unsigned kSoon = 1;  // us; the least that is taken
  static std::mutex one_at_a_time;
  static std::atomic<unsigned> passed{0};
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  const unsigned before = passed.load();
  const auto pass = [](void*) { passed.fetch_add(1); };
  if (rte_eal_alarm_set(kSoon, pass, nullptr) != 0) return;
  while (passed.load() == before) std::this_thread::sleep_for(std::chrono::microseconds(50));
}

class Adopted {
 public:
  Adopted() : done_(rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0) {
    if (!done_) return;
    unsigned highest = g_highest.load();
    while (highest < rte_lcore_id() && !g_highest.compare_exchange_weak(highest, rte_lcore_id())) {
    }
  }
  ~Adopted() {
    if (done_) rte_thread_unregister();
  }
  Adopted(const Adopted&) = delete;
  Adopted& operator=(const Adopted&) = delete;

 private:
  bool done_;
};

}  // namespace

Result<Eal*> Eal::start(const FirstPort& first) {
  static std::unique_ptr<Eal> running;
  static bool tried = false;
  if (running) return running.get();
  if (tried) {
    return fail(ErrorKind::kPrecondition,
                "DPDK failed to start, and it can only be started once in a process",
                "run the program again");
  }
  // Hugepages that have names need a place for them.
  const bool huge = free_hugepages("/") > 0 && (!first.shares || hugetlbfs_mounted("/"));
  const Pages pages = huge ? Pages::kHuge : Pages::kOrdinary;
  remove_stale_runtime(runtime_folder());
  Complaints::only().take();
  std::vector<std::string> words = arguments(pages, first);
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (std::string& word : words) pointers.push_back(word.data());
  const KeepAffinity keep;
  tried = true;
  if (rte_eal_init(static_cast<int>(pointers.size()), pointers.data()) < 0) {
    const int error = rte_errno;
    return fail(ErrorKind::kPrecondition,
                fmt::format("DPDK does not start: {}", Complaints::only().take()),
                geteuid() == 0 ? "free some hugepages, or run one DPDK program at a time"
                               : "run as root, or set XDG_RUNTIME_DIR to a folder of yours",
                error);
  }
  running.reset(new Eal(pages));
  return running.get();
}

Eal::~Eal() {
  // With a port left, DPDK's interrupt thread still reads what a clean-up would take away; the end
  // of the process takes it as well.
  if (rte_eth_dev_count_avail() == 0) rte_eal_cleanup();
  std::error_code error;
  std::filesystem::remove_all(runtime_folder() + "/" + prefix(), error);
}

Result<std::uint16_t> Eal::attach(const std::string& name, const std::string& arguments) {
  std::uint16_t port = 0;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &port) == 0 && rte_eth_dev_is_valid_port(port)) {
    if (ports_in_use().contains(port)) {
      return fail(ErrorKind::kUsage, fmt::format("{} is open already", name), "use another number");
    }
    const auto known = attached_.emplace(name, arguments).first;
    if (known->second == arguments) {  // there from the start, or never closed
      ports_in_use().insert(port);
      return port;
    }
    return fail(ErrorKind::kPrecondition,
                fmt::format("{} is there already, with other options", name), "use another number");
  }
  Complaints::only().take();
  const int error = rte_dev_probe(arguments.c_str());
  if (error == 0 && rte_eth_dev_get_port_by_name(name.c_str(), &port) == 0) {
    attached_[name] = arguments;
    ports_in_use().insert(port);
    return port;
  }
  const std::string said = complaint();
  return fail(ErrorKind::kPrecondition,
              fmt::format("DPDK cannot attach {}: {}", name,
                          said.empty() ? rte_strerror(error < 0 ? -error : ENODEV) : said),
              cure_for(name, said), error < 0 ? -error : ENODEV);
}

void Eal::detach(std::uint16_t port) {
  ports_in_use().erase(port);
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(port, &info) != 0) return;
  let_interrupts_pass();
  // DPDK 22.11 frees memory twice when a memif is closed in a process that also has its other end.
  // A stopped one stays until the process ends, and is taken again under its name.
  if (std::string_view(info.driver_name) == kNeverClosed) return;
  rte_eth_dev_close(port);
  let_interrupts_pass();
  if (info.device != nullptr) rte_dev_remove(info.device);
}

std::string Eal::complaint() {
  return Complaints::only().take();
}

bool adopt_thread() {
  thread_local const Adopted adopted;
  return rte_lcore_id() != LCORE_ID_ANY;
}

unsigned highest_adopted() {
  return g_highest.load(std::memory_order_relaxed);
}

}  // namespace wireproof::dpdk
