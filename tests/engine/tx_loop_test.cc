#include "engine/tx_loop.h"

#include <gtest/gtest.h>

#include "engine/direction.h"
#include "engine/fake_device.h"

namespace wireproof {
namespace {

using testing::FakeDevice;

TEST(TxLoop, ABurstBeyondOneRoundLeavesInRoundsUnderFreshClockReadings) {
  FakeClock clock;
  FakeDevice from(512);
  FakeDevice to;
  TrafficProfile profile;
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto direction = Direction::make({.from = &from, .to = &to}, profile, clock);
  ASSERT_TRUE(direction.has_value());
  TxLoop& tx = *(*direction)->tx_loops().front();
  constexpr std::uint32_t kBurst = 200;
  (*direction)->start(1e6, kSecond, kBurst, 7, clock.now());
  clock.advance(300 * kMicrosecond);  // 301 frames are due: 200 are caught up
  std::vector<std::size_t> rounds;
  while (true) {
    const std::size_t before = from.sent.size();
    if (tx.run() != Step::kBusy) break;
    rounds.push_back(from.sent.size() - before);
  }
  EXPECT_EQ(rounds, (std::vector<std::size_t>{64, 64, 64, 8}));
  EXPECT_EQ(tx.pacer().stalls(), 1u);
  (*direction)->stop(clock.now());
  EXPECT_EQ(tx.intended(), 301u);
  EXPECT_EQ(tx.cell().offered.load(), kBurst);
  EXPECT_EQ(from.borrowed, 0u);
}

TEST(TxLoop, ADeviceThatTakesNothingDoesNotKeepItBeyondItsTime) {
  FakeClock clock;
  FakeDevice from;
  FakeDevice to;
  from.accept_max = 0;
  TrafficProfile profile;
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto direction = Direction::make({.from = &from, .to = &to}, profile, clock);
  ASSERT_TRUE(direction.has_value());
  TxLoop& tx = *(*direction)->tx_loops().front();
  (*direction)->start(1e6, 10 * kMillisecond, 64, 7, clock.now());
  for (int i = 0; i < 1000 && !tx.cell().finished.load(); ++i) {
    clock.advance(kMillisecond);
    tx.run();
  }
  EXPECT_TRUE(tx.cell().finished.load());
  (*direction)->stop(clock.now());
  EXPECT_EQ(tx.intended(), 10'000u);
  EXPECT_EQ(tx.cell().offered.load(), 0u);
}

}  // namespace
}  // namespace wireproof
