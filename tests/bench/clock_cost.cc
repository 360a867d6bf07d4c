// What a reading of the clock costs: HostClock against the system call's user-space half.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/cpu.h"
#include "base/host_clock.h"

namespace wireproof {
namespace {

constexpr int kReadings = 2'000'000;
constexpr int kRuns = 9;

// ns a reading, the fastest of some runs; `sum` keeps the readings from being left out.
double cost_ns(const Clock& clock, Nanoseconds& sum) {
  Nanoseconds best = kSecond;
  for (int run = 0; run < kRuns; ++run) {
    const Nanoseconds start = clock.now();
    for (int i = 0; i < kReadings; ++i) sum ^= clock.now();
    best = std::min(best, clock.now() - start);
  }
  return static_cast<double>(best) / kReadings;
}

int run() {
  Nanoseconds sum = 0;
  const MonotonicClock kernel;
  const HostClock host;
  const HostClock fallen;
  fallen.distrust("to be compared");
  const CpuList cpus = allowed_cpus();
  const Nanoseconds begun = host.now();
  host.check_cores(cpus);
  const Nanoseconds checked = host.now() - begun;
  fmt::print("now(), {:<28} {:6.1f} ns\n", host.describe().source, cost_ns(host, sum));
  fmt::print("now(), {:<28} {:6.1f} ns\n", fallen.describe().source, cost_ns(fallen, sum));
  fmt::print("now(), {:<28} {:6.1f} ns\n", "monotonic", cost_ns(kernel, sum));
  const Nanoseconds looked = host.now();
  host.maintain();
  const Nanoseconds looked_ns = host.now() - looked;
  const Nanoseconds fitted = host.now();
  host.refit();
  const Nanoseconds fitted_ns = host.now() - fitted;
  const ClockState state = host.describe();
  fmt::print("maintain() {} ns, refit() {} ns, check_cores() of {} {} us\n", looked_ns, fitted_ns,
             state.cores_checked, checked / kMicrosecond);
  fmt::print("rate error {:.1f} ppb, {:.6f} GHz, cores within {} ns\n", state.rate_error_ppb,
             state.frequency_hz * 1e-9, state.core_offset_bound_ns.value_or(-1));
  return sum == 0 ? 1 : 0;
}

}  // namespace
}  // namespace wireproof

int main() {
  return wireproof::run();
}
