// What a worker lets others see while it runs: one writer, relaxed atomics published once a burst,
// a cache line to itself. Totals are read from the loops after they have stopped, never from here.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace wireproof {

struct alignas(64) Cell {
  std::atomic<std::uint64_t> offered{0};
  std::atomic<std::uint64_t> received{0};     // unique
  std::atomic<std::uint64_t> lost{0};         // gaps that have left the window
  std::atomic<Nanoseconds> longest_delay{0};  // Analyzer::longest_delay
  std::atomic<bool> finished{false};          // a sender: nothing more will be sent
};
static_assert(sizeof(Cell) == 64);

}  // namespace wireproof
