#include "engine/tx_loop.h"

#include <gtest/gtest.h>

#include <array>

#include "engine/direction.h"
#include "engine/fake_device.h"
#include "engine/folded.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

TEST(TxLoop, ABurstBeyondOneRoundLeavesInRoundsUnderFreshClockReadings) {
  FakeClock clock;
  FakeDevice from(512);
  FakeDevice to;
  TrafficProfile profile;
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto direction =
      Direction::make({.sender = {.port = &from}, .receiver = {.port = &to}}, profile, clock);
  ASSERT_TRUE(direction.has_value());
  TxLoop& tx = *(*direction)->tx_loops().front();
  constexpr std::uint32_t kBurst = 200;
  (*direction)->start({1e6, kSecond, kBurst, 7, clock.now()});
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

TEST(TxLoop, ACutEndsItAtOnceAndNothingLaterWasIntended) {
  FakeClock clock;
  FakeDevice from;
  FakeDevice to;
  TrafficProfile profile;
  profile.flows = 2;
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto direction =
      Direction::make({.sender = {.port = &from, .queues = 2},
                       .receiver = {.port = &to, .queues = 2, .waiting_time = kSecond}},
                      profile, clock);
  ASSERT_TRUE(direction.has_value());
  const TxLoops loops = (*direction)->tx_loops();
  (*direction)->start({1000, kSecond, 64, 7, clock.now()});  // of two queues: 500 each
  for (int i = 0; i < 100; ++i) {
    for (const auto& loop : loops) loop->run();
    clock.advance(kMillisecond);
  }
  EXPECT_EQ((*direction)->late_after(), kNotYet);
  (*direction)->cut(clock.now());
  clock.advance(50 * kMillisecond);  // they come to hear of it late
  for (int i = 0; i < 3; ++i) {
    for (const auto& loop : loops) loop->run();
  }
  EXPECT_TRUE((*direction)->all_sent());
  EXPECT_EQ((*direction)->late_after(), 99 * kMillisecond + kSecond) << "from the last frame";
  (*direction)->stop(clock.now());
  EXPECT_EQ(loops[0]->intended() + loops[1]->intended(), 101u);  // one more was due at the cut
  EXPECT_EQ(from.sent.size(), 100u);
}

TEST(TxLoop, ADeviceThatTakesNothingDoesNotKeepItBeyondItsTime) {
  FakeClock clock;
  FakeDevice from;
  FakeDevice to;
  from.accept_max = 0;
  TrafficProfile profile;
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto direction =
      Direction::make({.sender = {.port = &from}, .receiver = {.port = &to}}, profile, clock);
  ASSERT_TRUE(direction.has_value());
  TxLoop& tx = *(*direction)->tx_loops().front();
  (*direction)->start({1e6, 10 * kMillisecond, 64, 7, clock.now()});
  for (int i = 0; i < 1000 && !tx.cell().finished.load(); ++i) {
    clock.advance(kMillisecond);
    tx.run();
  }
  EXPECT_TRUE(tx.cell().finished.load());
  (*direction)->stop(clock.now());
  EXPECT_EQ(tx.intended(), 10'000u);
  EXPECT_EQ(tx.cell().offered.load(), 0u);
}

// One frame is sent and arrives without a stamp. `look`: the receiver looks shortly before the
// waiting time is over.
DirectionResult found_after_the_waiting_time(bool look, Nanoseconds stamp) {
  FakeClock clock(kSecond);
  FakeDevice from;
  FakeDevice to;
  TrafficProfile profile;
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto direction = Direction::make(
      {.sender = {.port = &from}, .receiver = {.port = &to, .waiting_time = kSecond}}, profile,
      clock);
  TxLoop& tx = *(*direction)->tx_loops().front();
  RxLoop& rx = *(*direction)->rx_loops().front();
  (*direction)->start({1000, kMillisecond, 64, 7, clock.now()});
  for (int i = 0; i < 10 && !tx.cell().finished.load(); ++i) {
    tx.run();
    rx.run();
    clock.advance(kMillisecond);
  }
  clock.advance((*direction)->late_after() - clock.now() - 100 * kMicrosecond);
  if (look) rx.run();
  clock.advance(200 * kMicrosecond);
  to.incoming.push_back({.bytes = from.sent.at(0), .stamp = stamp});
  rx.run();
  (*direction)->stop(clock.now());
  const DeviceCounters none{.tx_dropped = 0, .rx_ring_dropped = 0, .rx_nic_dropped = 0};
  const Folded found = fakes::folded(**direction, {none, none}, {none, none});
  EXPECT_EQ(found.spoiled.empty(), look || stamp != 0) << found.spoiled;
  (*direction)->start({1000, kMillisecond, 64, 8, clock.now()});
  EXPECT_EQ(rx.lane().late_unseen(), 0u) << "of the next trial nothing is known yet";
  return found.result;
}

TEST(RxLoop, WhatCameWhileNobodyLookedMayHaveComeInTime) {
  const DirectionResult away = found_after_the_waiting_time(false, 0);
  EXPECT_EQ(away.counts.late, 1u);
  EXPECT_EQ(away.attribution.late, 0u);
  EXPECT_EQ(away.attribution.not_attributable, 1u);
  EXPECT_EQ(found_after_the_waiting_time(true, 0).attribution.late, 1u);
  EXPECT_EQ(found_after_the_waiting_time(false, 5 * kSecond).attribution.late, 1u);
}

// What a device does not take is sent in the next round, under the numbers that it had.
TEST(TxLoop, NumbersGoOnBehindAPartialAcceptance) {
  FakeClock clock;
  FakeDevice from(512);
  FakeDevice to;
  from.accept_max = 3;
  TrafficProfile profile;
  profile.flows = 2;
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto direction =
      Direction::make({.sender = {.port = &from}, .receiver = {.port = &to}}, profile, clock);
  ASSERT_TRUE(direction.has_value());
  TxLoop& tx = *(*direction)->tx_loops().front();
  (*direction)->start({1e6, 20 * kMicrosecond, 64, 7, clock.now()});
  clock.advance(20 * kMicrosecond);  // 20 are due: 3, 3, ..., 2
  std::vector<std::size_t> rounds;
  for (std::size_t before = 0; tx.run() == Step::kBusy && from.sent.size() < 20;) {
    rounds.push_back(from.sent.size() - before);
    before = from.sent.size();
    EXPECT_EQ(tx.cell().offered.load(), from.sent.size());
  }
  EXPECT_EQ(rounds, (std::vector<std::size_t>{3, 3, 3, 3, 3, 3}));
  ASSERT_EQ(from.sent.size(), 20u);
  std::array<std::uint64_t, 2> next{};
  for (const auto& bytes : from.sent) {
    const Signature signature = load_signature(bytes.data() + headers_length(false, false));
    ASSERT_LT(signature.space & ~kCatchUpBit, 2u);
    EXPECT_EQ(signature.sequence, next[signature.space & ~kCatchUpBit]++);
  }
  EXPECT_EQ(next[0], 10u);
  EXPECT_EQ(next[1], 10u);
  (*direction)->stop(clock.now());
  EXPECT_EQ(tx.intended(), 20u);
  EXPECT_EQ(from.borrowed, 0u);
}

// Every reading is a microsecond later.
class TickingClock final : public Clock {
 public:
  [[nodiscard]] Nanoseconds now() const override { return now_ += kMicrosecond; }
  void sleep_until(Nanoseconds) const override {}

 private:
  mutable Nanoseconds now_ = kSecond;
};

TEST(TxLoop, AFrameBearsItsBurstsReadingOrItsOwn) {
  for (const TxStamp stamp : {TxStamp::kBurst, TxStamp::kFrame}) {
    TickingClock clock;
    FakeDevice from;
    FakeDevice to;
    TrafficProfile profile;
    profile.dst_mac = parse_mac("02:00:00:00:00:01");
    const auto direction = Direction::make(
        {.sender = {.port = &from, .tx_stamp = stamp}, .receiver = {.port = &to}}, profile, clock);
    ASSERT_TRUE(direction.has_value());
    TxLoop& tx = *(*direction)->tx_loops().front();
    const Nanoseconds epoch = clock.now();
    (*direction)->start({0, kSecond, 32, 7, epoch});
    tx.run();
    tx.run();
    ASSERT_EQ(from.sent.size(), 64u);
    for (std::size_t i = 0; i < 64; ++i) {
      const Signature signature =
          load_signature(from.sent[i].data() + headers_length(false, false));
      EXPECT_EQ(signature.sequence, i);
      // One reading a round; with stamps of their own, one more a frame.
      const std::size_t readings = stamp == TxStamp::kBurst ? i / 32 + 1 : i / 32 + i + 2;
      EXPECT_EQ(signature.transmit_time, readings * kMicrosecond) << i;
    }
    EXPECT_EQ(tx.span_max(), (stamp == TxStamp::kBurst ? 1 : 33) * kMicrosecond);
    // From the first stamp to the last; the longest is the one between the two rounds.
    EXPECT_EQ(tx.gaps().samples, 63u);
    EXPECT_EQ(tx.gaps().max, (stamp == TxStamp::kBurst ? 1 : 2) * kMicrosecond);
    EXPECT_NEAR(tx.gaps().mean() * 63, (stamp == TxStamp::kBurst ? 1 : 64) * kMicrosecond, 1);
    (*direction)->stop(clock.now());
  }
}

// In precise mode a frame is made once before its deadline, and again at it.
TEST(TxLoop, AFrameThatWarmedTheCacheLeavesOnceAtItsDeadlineWithItsOwnNumberAndTime) {
  FakeClock clock(kSecond);
  FakeDevice from;
  FakeDevice to;
  TrafficProfile profile;
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto direction = Direction::make(
      {.sender = {.port = &from, .pacing = PacingMode::kPrecise}, .receiver = {.port = &to}},
      profile, clock);
  ASSERT_TRUE(direction.has_value());
  TxLoop& tx = *(*direction)->tx_loops().front();
  (*direction)->start({1e5, 100 * kMicrosecond, 64, 7, clock.now()});  // every 10 us
  for (std::int64_t now = 0; now < 100 * kMicrosecond; now += 100) {
    from.lend_max = now < 50 * kMicrosecond ? 1 : now % (10 * kMicrosecond) == 0 ? 1 : 0;
    tx.run();
    ASSERT_EQ(from.sent.size(), static_cast<std::size_t>(now / (10 * kMicrosecond)) + 1) << now;
    const bool warmed = now % (10 * kMicrosecond) > 9 * kMicrosecond && from.lend_max == 1;
    EXPECT_EQ(from.borrowed, warmed ? 1u : 0u) << now;
    clock.advance(100);
  }
  ASSERT_EQ(from.sent.size(), 10u);
  for (std::size_t i = 0; i < 10; ++i) {
    const Signature signature = load_signature(from.sent[i].data() + headers_length(false, false));
    EXPECT_EQ(signature.sequence, i);
    EXPECT_EQ(signature.transmit_time, i * 10 * kMicrosecond);
  }
  EXPECT_EQ((*direction)->tx_loops().front()->gaps().samples, 9u);
  (*direction)->stop(clock.now());
  EXPECT_EQ(from.borrowed, 0u);
}

}  // namespace
}  // namespace wireproof
