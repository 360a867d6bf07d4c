#include "dpdk/full_ring.h"

#include <gtest/gtest.h>

namespace wireproof::dpdk {
namespace {

constexpr std::uint32_t kHolds = 256;

TEST(DpdkFullRing, IsNotFullWhereItIsSeenEmptyInTime) {
  FullRing ring(kHolds);
  for (int i = 0; i < 1000; ++i) {
    ring.took(64, 64);
    ring.took(64, 64);
    ring.took(63, 64);
  }
  EXPECT_EQ(ring.times(), 0u);
}

TEST(DpdkFullRing, MayHaveBeenFullWhereAsMuchWasTakenAsItHolds) {
  FullRing ring(kHolds);
  for (std::uint32_t taken = 0; taken < kHolds; taken += 64) ring.took(64, 64);
  EXPECT_EQ(ring.times(), 1u);
  ring.took(0, 64);
  ring.took(64, 64);
  ring.took(64, 64);
  EXPECT_EQ(ring.times(), 1u) << "empty in between";
  for (int i = 0; i < 100; ++i) ring.took(64, 64);
  EXPECT_GT(ring.times(), 2u) << "each time anew: a trial reads the growth";
}

TEST(DpdkFullRing, NothingIsCountedWhereTheDriverCounts) {
  FullRing ring(0);
  for (int i = 0; i < 100; ++i) ring.took(64, 64);
  EXPECT_EQ(ring.times(), 0u);
}

}  // namespace
}  // namespace wireproof::dpdk
