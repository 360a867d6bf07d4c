#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "dpdk/queues.h"

namespace wireproof::dpdk {
namespace {

// A NIC clock of 250 MHz (4 ns a tick), read as 1,000,000 ticks when ours said 5 s.
TEST(RxStamps, TicksOfTheNicBecomeOurTime) {
  RxStamps stamps{.offset = offsetof(rte_mbuf, dynfield1) + 4,
                  .flag = std::uint64_t{1} << 40,
                  .base = 5 * kSecond,
                  .ticks_base = 1'000'000,
                  .ns_per_tick = 4};
  rte_mbuf mbuf{};
  const auto stamp = [&](std::uint64_t ticks) {
    std::memcpy(reinterpret_cast<char*>(&mbuf) + stamps.offset, &ticks, sizeof ticks);
    return stamps.read(&mbuf);
  };
  EXPECT_EQ(stamp(1'000'250), 0);  // this frame bears none
  mbuf.ol_flags = stamps.flag;
  EXPECT_EQ(stamp(1'000'250), 5 * kSecond + 1000);
  EXPECT_EQ(stamp(999'750), 5 * kSecond - 1000);  // older than the reading
  EXPECT_EQ(stamp(1'000'000 + 250'000'000ull * 3600), 3605 * kSecond);
}

}  // namespace
}  // namespace wireproof::dpdk
