// What the machine itself does to a loop that only reads the clock: the pre-emptions that no sender
// can be blamed for, and how near to a deadline a loop can come that does nothing else. Prints one
// JSON object.
//
//   spin_hiccups CPU SECONDS GAP_NS THRESHOLD_NS
//
// Hiccups are readings further apart than THRESHOLD_NS. Deadlines are GAP_NS apart, on an absolute
// schedule; one that has passed is met at once, as a sender would.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/clock.h"
#include "base/cpu.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kNear = 256;  // of what a gap should be

struct Hiccups {
  std::uint64_t count = 0;
  Nanoseconds total = 0;
  Nanoseconds max = 0;
};

struct Gaps {
  std::uint64_t count = 0;
  std::uint64_t near = 0;
  double squares = 0;  // of the differences from the target

  void add(Nanoseconds off) {
    ++count;
    near += std::abs(off) <= kNear ? 1 : 0;
    squares += static_cast<double>(off) * static_cast<double>(off);
  }
};

void spin(Nanoseconds duration, Nanoseconds gap, Nanoseconds threshold, Hiccups& hiccups,
          Gaps& gaps) {
  const MonotonicClock clock;
  const Nanoseconds start = clock.now();
  Nanoseconds last = start;
  Nanoseconds deadline = start + gap;
  Nanoseconds met = start;
  while (last < start + duration) {
    const Nanoseconds now = clock.now();
    if (now - last > threshold) {
      ++hiccups.count;
      hiccups.total += now - last;
      hiccups.max = std::max(hiccups.max, now - last);
    }
    last = now;
    if (now < deadline) continue;
    gaps.add(now - met - gap);
    met = now;
    deadline += gap;
  }
}

int run(unsigned cpu, double seconds, Nanoseconds gap, Nanoseconds threshold) {
  if (const Status pinned = pin_current_thread(cpu); !pinned) {
    fmt::print(stderr, "spin_hiccups: {}\n", pinned.error().message);
    return 3;
  }
  Hiccups hiccups;
  Gaps gaps;
  spin(static_cast<Nanoseconds>(seconds * 1e9), gap, threshold, hiccups, gaps);
  fmt::print(
      "{{\"seconds\": {}, \"threshold_ns\": {}, \"hiccups\": {}, \"total_ns\": {}, \"max_ns\": {}, "
      "\"gap_ns\": {}, \"gaps\": {}, \"near\": {}, \"stdev_ns\": {:.0f}}}\n",
      seconds, threshold, hiccups.count, hiccups.total, hiccups.max, gap, gaps.count, gaps.near,
      gaps.count == 0 ? 0.0 : std::sqrt(gaps.squares / static_cast<double>(gaps.count)));
  return 0;
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: spin_hiccups CPU SECONDS GAP_NS THRESHOLD_NS\n");
    return 2;
  }
  return wireproof::run(static_cast<unsigned>(std::atoi(argv[1])), std::atof(argv[2]),
                        std::atoll(argv[3]), std::atoll(argv[4]));
}
