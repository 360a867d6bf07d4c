#include "engine/port_watch.h"

#include <fmt/format.h>

#include <utility>

namespace wireproof {
namespace {

constexpr Nanoseconds kLookEvery = 100 * kMillisecond;
constexpr Nanoseconds kHeardAfter = 20 * kMillisecond;  // the user is heard this soon

}  // namespace

PortWatch::PortWatch(std::vector<Device*> ports, const std::atomic<bool>& interrupted,
                     const Clock& clock, CpuList cpus, Nanoseconds link_patience)
    : ports_(std::move(ports)),
      dark_since_(ports_.size(), 0),
      interrupted_(interrupted),
      clock_(clock),
      cpus_(std::move(cpus)),
      link_patience_(link_patience),
      thread_([this](const std::stop_token& ended) { run(ended); }) {}

Status PortWatch::end() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  return found_;
}

void PortWatch::run(const std::stop_token& ended) {
  // Away from the core that its maker was pinned to: there it would hold up frames.
  if (!cpus_.empty()) static_cast<void>(run_current_thread_on(cpus_));
  Nanoseconds look_at = clock_.now() + kLookEvery;
  while (!ended.stop_requested() && !interrupted_.load(std::memory_order_relaxed)) {
    clock_.sleep_until(clock_.now() + kHeardAfter);
    if (clock_.now() < look_at) continue;
    look_at = clock_.now() + kLookEvery;
    found_ = look();
    if (!found_) break;
  }
  stop_.store(true, std::memory_order_relaxed);
}

Status PortWatch::look() {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const Result<DeviceCounters> counters = ports_[i]->counters();
    if (!counters) return tl::unexpected(counters.error());
    const Nanoseconds now = clock_.now();
    if (counters->link_up) dark_since_[i] = 0;
    if (counters->link_up || dark_since_[i] == 0) {
      if (!counters->link_up) dark_since_[i] = now;
      continue;
    }
    if (now - dark_since_[i] < link_patience_) continue;
    return fail(ErrorKind::kPrecondition,
                fmt::format("{} has had no link for {} s", ports_[i]->facts().device,
                            link_patience_ / kSecond),
                "bring the interface or the other end of the cable up, and run again");
  }
  return {};
}

}  // namespace wireproof
