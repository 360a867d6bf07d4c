#include "engine/forwarder.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <set>

#include "base/random.h"
#include "engine/fake_device.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;
using fakes::FakeFrame;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kPayloadAt = 14 + 20 + 8;

// A 64-byte frame (60 without FCS) whose payload begins with `number`, big-endian.
Bytes udp_frame(std::uint32_t number) {
  Bytes bytes(60, 0);
  bytes[12] = 0x08;  // IPv4
  bytes[14] = 0x45;
  bytes[17] = 46;  // total length
  bytes[22] = 64;
  bytes[23] = 17;  // UDP
  bytes[39] = 26;  // UDP length
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[kPayloadAt + i] = static_cast<std::uint8_t>(number >> (8 * (3 - i)));
  }
  return bytes;
}

std::uint32_t number_of(const Bytes& bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | bytes[kPayloadAt + i];
  return number;
}

std::vector<std::uint32_t> numbers_of(const std::vector<Bytes>& frames) {
  std::vector<std::uint32_t> numbers;
  for (const Bytes& bytes : frames) numbers.push_back(number_of(bytes));
  return numbers;
}

struct Bench {
  explicit Bench(const WireSpec& a_to_b, std::uint32_t pool_frames = 4096) {
    spec.a_to_b = {.wire = a_to_b, .pool_frames = pool_frames};
    spec.b_to_a = {.pool_frames = pool_frames, .b_to_a = true};
    forwarder.emplace(a, b, spec, clock, &log);
  }
  void arrive(std::uint32_t number, Nanoseconds stamp) {
    a.incoming.push_back({udp_frame(number), stamp});
  }
  void run_dry() {
    while (forwarder->step() > 0) {
    }
  }
  void expect_nothing_kept() {
    EXPECT_EQ(check_identity(forwarder->a_to_b()), "");
    EXPECT_EQ(check_identity(forwarder->b_to_a()), "");
    EXPECT_EQ(a.polled + b.polled + a.borrowed + b.borrowed, 0u);
  }

  FakeClock clock{kSecond};
  FakeDevice a, b;
  ForwarderSpec spec;
  ForwardLog log{1 << 17};
  std::optional<Forwarder> forwarder;
};

TEST(Forwarder, PerfectWireKeepsEveryByteAndTheOrder) {
  Bench bench({});
  std::vector<Bytes> expected;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    expected.push_back(udp_frame(i));
    bench.arrive(i, 0);
  }
  bench.b.incoming.push_back({Bytes(14, 0xff), 0});  // no UDP, no IP: crosses all the same
  bench.run_dry();
  EXPECT_TRUE(bench.b.sent == expected);
  EXPECT_EQ(bench.a.sent, std::vector<Bytes>{Bytes(14, 0xff)});
  bench.forwarder->finish();
  EXPECT_EQ(bench.forwarder->a_to_b().forwarded, 1000u);
  EXPECT_EQ(bench.forwarder->b_to_a().forwarded, 1u);
  EXPECT_LE(*std::max_element(bench.a.polls.begin(), bench.a.polls.end()), ForwardPath::kBurst);
  bench.expect_nothing_kept();
}

// The rate cap's queue and the delay are judged in the time of the stamps.
TEST(Forwarder, BeingLateChangesNoFate) {
  const WireSpec wire{.loss = 0.02,
                      .duplicate = 0.02,
                      .corrupt = 0.02,
                      .reorder = 0.05,
                      .delay = 3 * kMillisecond,
                      .rate_fps = 100'000,
                      .queue_frames = 20,
                      .seed = 7};
  constexpr std::uint32_t kFrames = 5000;
  Random gaps(3);
  std::vector<Nanoseconds> stamps;
  Nanoseconds at = kSecond;
  for (std::uint32_t i = 0; i < kFrames; ++i) {
    stamps.push_back(at += static_cast<Nanoseconds>(gaps.below(18'000)));
  }
  // Polled at every frame, or once in a while after everything that came in between.
  std::vector<std::vector<Bytes>> sent;
  std::vector<DutCounts> counts;
  for (const std::uint32_t poll_every : {1u, 7u, 200u, 2500u}) {
    Bench bench(wire);
    for (std::uint32_t i = 0; i < kFrames; ++i) {
      bench.arrive(i, stamps[i]);
      if ((i + 1) % poll_every != 0 && i + 1 != kFrames) continue;
      bench.clock.sleep_until(stamps[i]);
      bench.run_dry();
    }
    bench.forwarder->finish();
    bench.expect_nothing_kept();
    sent.push_back(bench.b.sent);
    counts.push_back(bench.forwarder->a_to_b());
  }
  EXPECT_GT(counts[0].queue_dropped, 20u);
  EXPECT_GT(counts[0].reordered, 20u);
  EXPECT_EQ(counts[0].unsent + counts[0].pool_dropped, 0u);
  for (std::size_t i = 1; i < sent.size(); ++i) {
    EXPECT_TRUE(sent[i] == sent[0]);
    EXPECT_EQ(counts[i].queue_dropped, counts[0].queue_dropped);
    EXPECT_EQ(counts[i].dropped, counts[0].dropped);
  }
}

TEST(Forwarder, WhatIsNotAcceptedWaitsInOrder) {
  Bench bench({.duplicate = 0.1});
  for (std::uint32_t i = 0; i < 600; ++i) bench.arrive(i, 0);
  bench.b.accept_max = 0;
  bench.run_dry();
  EXPECT_EQ(bench.b.sent.size(), 0u);
  EXPECT_EQ(bench.forwarder->a_to_b().arrived, 600u);
  EXPECT_GT(bench.forwarder->a_to_b().tx_blocked, 0u);
  EXPECT_EQ(bench.a.polled, 0u) << "the receive ring is not held hostage";
  bench.b.accept_max = 7;
  for (int i = 0; i < 10; ++i) bench.forwarder->step();
  bench.b.lend_max = 3;
  for (int i = 0; i < 10; ++i) bench.forwarder->step();
  bench.b.accept_max = bench.b.lend_max = SIZE_MAX;
  bench.forwarder->finish();
  const auto numbers = numbers_of(bench.b.sent);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  EXPECT_EQ((std::set<std::uint32_t>(numbers.begin(), numbers.end()).size()), 600u);
  EXPECT_EQ(numbers.size(), 600 + bench.forwarder->a_to_b().duplicated);
  bench.expect_nothing_kept();
}

TEST(Forwarder, AnExhaustedPoolIsCountedAndLogged) {
  Bench bench({.delay = kSecond / 2}, 100);
  for (std::uint32_t i = 0; i < 130; ++i) bench.arrive(i, 0);
  bench.run_dry();
  EXPECT_EQ(bench.forwarder->a_to_b().pool_dropped, 30u);
  bench.forwarder->finish();
  EXPECT_EQ(bench.forwarder->a_to_b().forwarded, 100u);
  bench.expect_nothing_kept();
  const auto records = bench.log.records();
  ASSERT_EQ(records.size(), 130u);
  EXPECT_EQ(records[129].fate, LogFate::kPoolFull);
  EXPECT_EQ(records[129].arrival, 130u);
  EXPECT_EQ(records[99].fate, LogFate::kForwarded);
}

TEST(Forwarder, AFrameTooLongForTheOtherPortIsCounted) {
  Bench bench({});
  bench.a.incoming.push_back({Bytes(1515, 1), 0});
  bench.a.incoming.push_back({Bytes(1514, 2), 0});
  const auto tagged = [](std::size_t length) {  // a tag is no part of the other port's MTU
    Bytes frame(length, 3);
    frame[12] = 0x81;
    frame[13] = 0;
    return frame;
  };
  bench.a.incoming.push_back({tagged(1519), 0});
  bench.a.incoming.push_back({tagged(1518), 0});
  bench.run_dry();
  EXPECT_EQ(bench.forwarder->a_to_b().oversize_dropped, 2u);
  EXPECT_EQ(bench.b.sent, (std::vector<Bytes>{Bytes(1514, 2), tagged(1518)}));
  bench.forwarder->finish();
  bench.expect_nothing_kept();
}

TEST(Forwarder, WhatItHeldBackLeavesAtTheEndAndIsCountedAsDrained) {
  Bench bench({.reorder = 1, .reorder_by = 3});
  for (std::uint32_t i = 0; i < 5; ++i) bench.arrive(i, 0);
  bench.run_dry();
  EXPECT_EQ(bench.b.sent.size(), 0u);
  bench.forwarder->finish();
  EXPECT_EQ(bench.forwarder->a_to_b().drained, 5u);
  EXPECT_EQ(numbers_of(bench.b.sent), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
  bench.expect_nothing_kept();
}

TEST(Forwarder, WhatIsInsideOnTheWayBackLeavesAtTheEndToo) {
  Bench bench({});
  bench.spec.b_to_a.wire.delay = 100 * kMillisecond;
  Forwarder forwarder(bench.a, bench.b, bench.spec, bench.clock, &bench.log);
  for (std::uint32_t i = 0; i < 5; ++i) bench.b.incoming.push_back({udp_frame(i), 0});
  while (forwarder.step() > 0) {
  }
  forwarder.finish();
  EXPECT_EQ(forwarder.b_to_a().drained, 5u);
  EXPECT_EQ(forwarder.b_to_a().unsent, 0u);
  EXPECT_EQ(numbers_of(bench.a.sent), (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
}

TEST(Forwarder, WhatCannotLeaveByTheEndIsUnsent) {
  Bench bench({.delay = 10 * kSecond});
  for (std::uint32_t i = 0; i < 10; ++i) bench.arrive(i, 0);
  bench.run_dry();
  bench.forwarder->finish();
  EXPECT_EQ(bench.forwarder->a_to_b().unsent, 10u);
  bench.expect_nothing_kept();

  Bench blocked({.duplicate = 1});
  blocked.b.accept_max = 0;
  for (std::uint32_t i = 0; i < 100; ++i) blocked.arrive(i, 0);
  blocked.run_dry();
  blocked.forwarder->finish();
  EXPECT_EQ(blocked.forwarder->a_to_b().unsent, 200u);
  blocked.expect_nothing_kept();
}

TEST(Forwarder, DamageIsExactlyOneBitOfThePayload) {
  Bench bench({.corrupt = 1});
  for (std::uint32_t i = 0; i < 500; ++i) bench.arrive(i, 0);
  bench.run_dry();
  bench.forwarder->finish();
  ASSERT_EQ(bench.b.sent.size(), 500u);
  std::set<std::size_t> places;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const Bytes before = udp_frame(i);
    int flipped = 0;
    for (std::size_t j = 0; j < before.size(); ++j) {
      const int bits = std::popcount(static_cast<unsigned>(before[j] ^ bench.b.sent[i][j]));
      if (bits > 0) {
        EXPECT_GE(j, kPayloadAt);
        places.insert(j);
      }
      flipped += bits;
    }
    EXPECT_EQ(flipped, 1);
    // The log keeps what arrived.
    EXPECT_TRUE(std::equal(before.begin() + kPayloadAt, before.end(),
                           bench.log.records()[i].payload.begin()));
    EXPECT_TRUE(bench.log.records()[i].damaged);
  }
  EXPECT_EQ(places.size(), 18u);
  EXPECT_EQ(bench.forwarder->a_to_b().corrupted, 500u);
  bench.expect_nothing_kept();
}

TEST(Forwarder, FramesWithoutUdpAreNeverDamaged) {
  Bench bench({.corrupt = 1});
  bench.a.incoming.push_back({Bytes(60, 0), 0});
  bench.run_dry();
  EXPECT_EQ(bench.b.sent, std::vector<Bytes>{Bytes(60, 0)});
  EXPECT_EQ(bench.forwarder->a_to_b().corrupted, 0u);
  EXPECT_FALSE(bench.log.records()[0].damaged);
  EXPECT_EQ(bench.log.records()[0].payload_length, 0);
}

// The log alone rebuilds what was sent, frame by frame, in order.
TEST(Forwarder, TheLogTellsEveryDeparture) {
  Bench bench({.loss = 0.05,
               .duplicate = 0.05,
               .corrupt = 0.05,
               .reorder = 0.05,
               .reorder_by = 5,
               .rate_fps = 1'000'000,
               .queue_frames = 50,
               .seed = 11});
  constexpr std::uint32_t kFrames = 20'000;
  for (std::uint32_t i = 0; i < kFrames; ++i) {
    bench.arrive(i, kSecond + i * 980);  // a little more than the cap passes
    bench.b.accept_max = i % 300 < 100 ? 7 : SIZE_MAX;
    if (i % 100 == 99) bench.run_dry();
    bench.clock.sleep_until(kSecond + i * 980);
  }
  bench.forwarder->finish();
  bench.expect_nothing_kept();
  const DutCounts& counts = bench.forwarder->a_to_b();
  EXPECT_GT(counts.queue_dropped, 0u);

  std::map<std::uint32_t, const ForwardRecord*> by_departure;
  std::map<LogFate, std::uint64_t> fates;
  for (const ForwardRecord& record : bench.log.records()) {
    ++fates[record.fate];
    ASSERT_EQ(record.departure != 0, record.fate == LogFate::kForwarded);
    if (record.departure != 0) {
      ASSERT_TRUE(by_departure.emplace(record.departure, &record).second);
    }
  }
  EXPECT_EQ(fates[LogFate::kForwarded], counts.forwarded);
  EXPECT_EQ(fates[LogFate::kDropped], counts.dropped);
  EXPECT_EQ(fates[LogFate::kQueueFull], counts.queue_dropped);
  ASSERT_EQ(by_departure.size(), bench.b.sent.size());
  std::uint32_t expected = 0;
  for (const auto& [departure, record] : by_departure) {
    ASSERT_EQ(departure, ++expected);
    const Bytes& sent = bench.b.sent[departure - 1];
    const Bytes before = udp_frame(record->arrival - 1);
    ASSERT_EQ(sent == before, !record->damaged);
    ASSERT_TRUE(
        std::equal(record->payload.begin(), record->payload.end(), before.begin() + kPayloadAt));
  }
}

TEST(Forwarder, AFullLogCountsWhatItMisses) {
  Bench bench({.duplicate = 1});
  ForwardLog small(15);
  Forwarder forwarder(bench.a, bench.b, bench.spec, bench.clock, &small);
  for (std::uint32_t i = 0; i < 10; ++i) bench.arrive(i, 0);
  while (forwarder.step() > 0) {
  }
  EXPECT_EQ(small.records().size(), 15u);
  EXPECT_EQ(small.overflow(), 5u);
  EXPECT_EQ(forwarder.a_to_b().forwarded, 20u);
}

TEST(Forwarder, RunEndsByDurationAndBySignal) {
  Bench bench({});
  bench.arrive(1, 0);
  std::atomic<bool> stop{false};
  EXPECT_GE(bench.forwarder->run(stop, kMillisecond), kMillisecond);
  EXPECT_EQ(bench.b.sent.size(), 1u);
  stop = true;
  EXPECT_EQ(bench.forwarder->run(stop, 0), 0);
}

TEST(ForwardPath, PoolHasRoomForWhatTheSpecKeepsInside) {
  EXPECT_EQ(pool_frames_needed({}, 1e6), 4096u);
  EXPECT_EQ(pool_frames_needed({.delay = kSecond, .rate_fps = 1000, .queue_frames = 50}, 1e6),
            4096u + 1000 + 50);
  EXPECT_EQ(pool_frames_needed({.reorder = 0.1, .reorder_by = 9, .delay = kMillisecond}, 1e6),
            4096u + 1000 + 9);
  EXPECT_EQ(pool_frames_needed({.delay = kMillisecond, .jitter = 2 * kMillisecond}, 1e6),
            4096u + 3000);
  EXPECT_EQ(pool_frames_needed({.rate_fps = 1000, .queue_frames = 50, .excess_loss = 0.5}, 1e5),
            4096u + 5000);
}

TEST(Forwarder, IsStoppedWithinATenthOfASecondWhateverIsInside) {
  Bench bench({.delay = 10 * kSecond});
  bench.arrive(1, bench.clock.now());
  bench.run_dry();
  const std::atomic<bool> stop{true};
  const Nanoseconds asked = bench.clock.now();
  bench.forwarder->run(stop, 0);
  EXPECT_LE(bench.clock.now() - asked, 80 * kMillisecond);
  EXPECT_EQ(bench.forwarder->a_to_b().unsent, 1u);
}

}  // namespace
}  // namespace wireproof
