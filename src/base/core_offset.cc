#include "base/core_offset.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <system_error>
#include <thread>

#include "base/cpu.h"

namespace wireproof {
namespace {

constexpr std::uint32_t kRounds = 1000;
constexpr std::uint32_t kLooksBetweenClockReadings = 256;

// Even: the first core's to throw; odd: the second's. kOver: one of them gave up.
constexpr std::uint32_t kOver = std::numeric_limits<std::uint32_t>::max();
struct Table {
  alignas(64) std::atomic<std::uint32_t> turn{0};
  alignas(64) std::atomic<Nanoseconds> caught{0};
};

// By the kernel's clock: the one under test may stand still.
class Deadline {
 public:
  explicit Deadline(Nanoseconds limit) : at_(clock_.now() + limit) {}
  [[nodiscard]] bool passed() const { return clock_.now() >= at_; }

 private:
  MonotonicClock clock_;
  Nanoseconds at_;
};

// False when it did not come in time.
bool await(Table& table, std::uint32_t turn, const Deadline& deadline) {
  for (std::uint32_t looks = 1;; ++looks) {
    const std::uint32_t now = table.turn.load(std::memory_order_acquire);
    if (now == turn) return true;
    if (now == kOver) return false;
    if (looks % kLooksBetweenClockReadings == 0 && deadline.passed()) return false;
  }
}

void catch_rounds(Table& table, const ClockReading& read, const Deadline& deadline) {
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    if (!await(table, 2 * round + 1, deadline)) break;
    table.caught.store(read(), std::memory_order_relaxed);
    table.turn.store(2 * round + 2, std::memory_order_release);
  }
}

OffsetInterval throw_rounds(Table& table, const ClockReading& read, const Deadline& deadline) {
  OffsetInterval found{.low = std::numeric_limits<Nanoseconds>::min(),
                       .high = std::numeric_limits<Nanoseconds>::max()};
  for (; found.rounds < kRounds; ++found.rounds) {
    const Nanoseconds thrown = read();
    table.turn.store(2 * found.rounds + 1, std::memory_order_release);
    if (!await(table, 2 * found.rounds + 2, deadline)) break;
    const Nanoseconds back = read();
    const Nanoseconds caught = table.caught.load(std::memory_order_relaxed);
    found.low = std::max(found.low, caught - back);
    found.high = std::min(found.high, caught - thrown);
  }
  table.turn.store(kOver, std::memory_order_release);
  return found;
}

}  // namespace

Result<OffsetInterval> core_offset(unsigned first_cpu, const ClockReading& first,
                                   unsigned second_cpu, const ClockReading& second,
                                   Nanoseconds limit) {
  Table table;
  const Deadline deadline(limit);
  Status pinned, thrower_pinned;
  OffsetInterval found;
  // Joins at its end, however the second one begins.
  try {
    const std::jthread catcher([&] {
      pinned = pin_current_thread(second_cpu);
      if (pinned) catch_rounds(table, second, deadline);
      // The other side waits no longer than it must.
      if (!pinned) table.turn.store(kOver, std::memory_order_release);
    });
    const std::jthread thrower([&] {
      thrower_pinned = pin_current_thread(first_cpu);
      if (thrower_pinned) found = throw_rounds(table, first, deadline);
      if (!thrower_pinned) table.turn.store(kOver, std::memory_order_release);
    });
  } catch (const std::system_error& error) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("the host refuses a thread: {}", std::strerror(error.code().value())),
                {}, error.code().value());
  }
  if (!pinned) return tl::unexpected(pinned.error());
  if (!thrower_pinned) return tl::unexpected(thrower_pinned.error());
  if (found.rounds == 0) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("CPUs {} and {} were never free at once", first_cpu, second_cpu));
  }
  return found;
}

}  // namespace wireproof
