#include "base/fifo.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace wireproof {
namespace {

TEST(Fifo, KeepsOrderThroughGrowth) {
  Random random(1);
  Fifo<std::uint64_t> fifo(2);
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  for (int step = 0; step < 10'000; ++step) {
    if (random.chance(0.6)) fifo.push(pushed++);
    if (!fifo.empty() && random.chance(0.5)) {
      ASSERT_EQ(fifo.front(), popped++);
      fifo.pop();
    }
    ASSERT_EQ(fifo.size(), pushed - popped);
  }
  for (std::size_t i = 0; i < fifo.size(); ++i) ASSERT_EQ(fifo[i], popped + i);
}

}  // namespace
}  // namespace wireproof
