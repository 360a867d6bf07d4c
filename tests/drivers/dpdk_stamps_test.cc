#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "dpdk/queues.h"

namespace wireproof::dpdk {
namespace {

// A NIC clock of 250 MHz (4 ns a tick), at 1,000,000 ticks when ours said 5 s.
class RxStampsTest : public testing::Test {
 protected:
  void SetUp() override { line_.begin(reading(0), reading(100 * kMillisecond)); }
  static TickReading reading(Nanoseconds since) {
    return {.ticks = 1'000'000 + static_cast<std::uint64_t>(since / 4),
            .reference = 5 * kSecond + since,
            .half_width_ticks = 50};
  }
  [[nodiscard]] Nanoseconds stamp(std::uint64_t ticks) {
    std::memcpy(reinterpret_cast<char*>(mbuf_.get()) + stamps_.offset, &ticks, sizeof ticks);
    return stamps_.read(mbuf_.get());
  }
  TickLine line_;
  RxStamps stamps_{
      .offset = offsetof(rte_mbuf, dynfield1) + 4, .flag = std::uint64_t{1} << 40, .line = &line_};
  std::unique_ptr<rte_mbuf> mbuf_ = std::make_unique<rte_mbuf>();
};

TEST_F(RxStampsTest, TicksOfTheNicBecomeOurTime) {
  EXPECT_EQ(stamp(1'000'250), 0);  // this frame bears none
  mbuf_->ol_flags = stamps_.flag;
  EXPECT_EQ(stamp(1'000'250), 5 * kSecond + 1000);
  EXPECT_EQ(stamp(999'750), 5 * kSecond - 1000);  // older than the reading
  EXPECT_EQ(stamp(1'000'000 + 250'000'000ull * 3600), 3605 * kSecond);
}

// The NIC turns out to run 10 ppm fast: stamps follow, and do not jump where they begin to.
TEST_F(RxStampsTest, TheLineIsFittedAnewWhileItIsRead) {
  mbuf_->ol_flags = stamps_.flag;
  const auto ticks_at = [](Nanoseconds since) {
    return 1'000'000 + static_cast<std::uint64_t>(static_cast<double>(since) / 4 * (1 + 10e-6));
  };
  EXPECT_NEAR(static_cast<double>(stamp(ticks_at(10 * kSecond))), 15e9 + 100e3, 10);
  for (int second = 1; second <= 200; ++second) {
    const std::uint64_t now = ticks_at(second * kSecond);
    line_.refit({now, (5 + second) * kSecond, 50}, now);
    const Nanoseconds before = stamp(now + 250'000);  // where the new segment begins
    EXPECT_LE(std::abs(stamp(now + 250'001) - before - 4), 1);
  }
  EXPECT_NEAR(static_cast<double>(stamp(ticks_at(201 * kSecond))), 206e9, 1000);
}

}  // namespace
}  // namespace wireproof::dpdk
