#include "base/host_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <ctime>
#include <limits>
#include <vector>

#include "base/core_offset.h"
#include "base/cpu.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kFirstBaseline = 10 * kMillisecond;
constexpr Nanoseconds kRefitEvery = kSecond;
constexpr Nanoseconds kRefitAtMostEvery = 10 * TickLine::kLead;
// A thousand rounds take some 0.2 ms; this is for CPUs that others keep busy.
constexpr Nanoseconds kPairLimit = 20 * kMillisecond;
// The kernel computes CLOCK_MONOTONIC_RAW from the same TSC: what the two part by beyond the error
// of the fit is a TSC that was moved, or a kernel that reads another clock by now.
constexpr Nanoseconds kPartedMin = 10 * kMicrosecond;
constexpr double kPartedRate = 50e-6;

Nanoseconds read_raw() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

// The tightest of 32, so that an interruption between the readings does not count.
TickReading read_both() {
  constexpr int kReadings = 32;
  TickReading tightest{.half_width_ticks = std::numeric_limits<std::uint64_t>::max()};
  for (int i = 0; i < kReadings; ++i) {
    const std::uint64_t before = read_ticks();
    const Nanoseconds raw = read_raw();
    const std::uint64_t width = read_ticks() - before;
    if ((width + 1) / 2 >= tightest.half_width_ticks) continue;
    tightest = {before + width / 2, raw, (width + 1) / 2};
  }
  return tightest;
}

std::string distrusted_by_kernel(const std::string& root) {
  const std::string source = CpuFacts(root).clocksource();
  return source == "tsc" ? std::string() : fmt::format("the kernel's clock source is {}", source);
}

void sleep_for(Nanoseconds duration) {
  const timespec time{.tv_sec = duration / kSecond, .tv_nsec = duration % kSecond};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}

// Where other tasks hold one of the two cores, the interval is as wide as their turn: then it is
// measured again, a few times.
Result<OffsetInterval> narrow_offset(unsigned first_cpu, unsigned second_cpu,
                                     const ClockReading& read) {
  constexpr Nanoseconds kNarrow = 2 * kMicrosecond;
  constexpr int kTries = 8;
  Result<OffsetInterval> best = core_offset(first_cpu, read, second_cpu, read, kPairLimit);
  for (int i = 1; i < kTries && best && best->bound() > kNarrow; ++i) {
    const auto again = core_offset(first_cpu, read, second_cpu, read, kPairLimit);
    if (!again) continue;
    best->low = std::max(best->low, again->low);
    best->high = std::min(best->high, again->high);
  }
  return best;
}

}  // namespace

HostClock::HostClock(std::string root) : root_(std::move(root)) {
  reason_ = no_ticks();
  if (reason_.empty()) reason_ = distrusted_by_kernel(root_);
  wall_clock_.look();
  if (!reason_.empty()) return;
  const TickReading first = read_both();
  TickReading second = first;
  while (second.reference - first.reference < kFirstBaseline) {
    sleep_for(kFirstBaseline);
    second = read_both();
    if (second.ticks > first.ticks) continue;
    reason_ = "the TSC does not move";
    return;
  }
  line_.begin(first, second);
  begun_at_ = first.reference;
  fitted_at_ = second.reference;
  ticking_.store(true, std::memory_order_release);
}

Nanoseconds HostClock::raw_now() const {
  return read_raw() + raw_offset_.load(std::memory_order_relaxed);
}

// There is no sleeping by CLOCK_MONOTONIC_RAW; the two differ by some ppm of what is left.
void HostClock::sleep_until(Nanoseconds deadline) const {
  for (Nanoseconds left = deadline - now(); left > 0; left = deadline - now()) sleep_for(left);
}

void HostClock::maintain() const {
  wall_clock_.look();
  if (!ticking_.load(std::memory_order_relaxed)) return;
  const Nanoseconds since = now() - fitted_at_;
  if (since >= kRefitEvery || since >= fitted_at_ - begun_at_) refit();
}

void HostClock::refit() const {
  if (!ticking_.load(std::memory_order_relaxed)) return;
  const Nanoseconds since = now() - fitted_at_;
  if (since < kRefitAtMostEvery) return;
  if (std::string reason = distrusted_by_kernel(root_); !reason.empty()) {
    return distrust(std::move(reason));
  }
  const TickReading reading = read_both();
  const Nanoseconds parted = line_.behind(reading);
  const double sure = static_cast<double>(reading.half_width_ticks) / line_.ticks_per_ns();
  if (std::abs(static_cast<double>(parted)) >
      static_cast<double>(kPartedMin) + kPartedRate * static_cast<double>(since) + sure) {
    return distrust(fmt::format("the TSC and CLOCK_MONOTONIC_RAW parted by {} ns in {} ms", parted,
                                since / kMillisecond));
  }
  line_.refit(reading, read_ticks());
  fitted_at_ = now();
}

// The offset keeps time from going back: by what the line is ahead, and what the readings may hide.
void HostClock::distrust(std::string reason) const {
  if (!ticking_.load(std::memory_order_relaxed)) return;
  reason_ = std::move(reason);
  const TickReading reading = read_both();
  const double sure = static_cast<double>(reading.half_width_ticks) / line_.ticks_per_ns() + 2;
  const Nanoseconds ahead = -line_.behind(reading) + static_cast<Nanoseconds>(sure);
  raw_offset_.store(ahead, std::memory_order_release);
  ticking_.store(false, std::memory_order_release);
}

bool HostClock::compare_cores(std::span<const unsigned> cpus, std::string& disagreement,
                              StopFlag stop) const {
  // The two widest, because each core is compared with the first alone.
  Nanoseconds widest = 0, second_widest = 0;
  cores_checked_ = 0;
  core_offset_bound_.reset();
  if (cpus.empty()) return true;
  const ClockReading read = [this] { return now(); };
  for (std::size_t i = 1; i < cpus.size(); ++i) {
    const auto offset = narrow_offset(cpus[0], cpus[i], read);
    if (!offset || stop_asked(stop))
      return true;  // nothing is known, which is what describe() says then
    if (offset->excludes_zero()) {
      disagreement = fmt::format("CPU {} reads {} to {} ns more than CPU {}", cpus[i], offset->low,
                                 offset->high, cpus[0]);
      return false;
    }
    second_widest = std::max(second_widest, std::min(widest, offset->bound()));
    widest = std::max(widest, offset->bound());
  }
  cores_checked_ = static_cast<unsigned>(cpus.size());
  core_offset_bound_ = widest + second_widest;
  return true;
}

void HostClock::check_cores(std::span<const unsigned> cpus, StopFlag stop) const {
  std::vector<unsigned> cores(cpus.begin(), cpus.end());
  std::sort(cores.begin(), cores.end());
  cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
  std::string disagreement;
  if (compare_cores(cores, disagreement, stop)) return;
  distrust(disagreement);
  static_cast<void>(compare_cores(cores, disagreement, stop));
}

ClockState HostClock::describe() const {
  ClockState state;
  const bool ticking = ticking_.load(std::memory_order_relaxed);
  state.source = ticking ? "tsc" : "monotonic_raw";
  state.reason = reason_;
  if (ticking) {
    state.frequency_hz = line_.ticks_per_ns() * 1e9;
    state.rate_error_ppb = line_.rate_error_ppb();
  } else {
    timespec resolution{};
    clock_getres(CLOCK_MONOTONIC_RAW, &resolution);
    state.resolution_ns = std::max<Nanoseconds>(1, resolution.tv_nsec);
  }
  state.cores_checked = cores_checked_;
  state.core_offset_bound_ns = core_offset_bound_;
  if (core_offset_bound_) state.bound_ns = *core_offset_bound_ + state.resolution_ns;
  state.wall_clock_steps = wall_clock_.steps();
  state.wall_clock_step_total_ns = wall_clock_.total_ns();
  return state;
}

}  // namespace wireproof
