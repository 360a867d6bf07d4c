// What the queues of a direction share out among them, and what of each goes into the result.
#include <gtest/gtest.h>

#include <set>

#include "engine/direction.h"
#include "engine/fake_device.h"
#include "engine/folded.h"
#include "engine/summaries.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

class QueuesTest : public ::testing::Test {
 protected:
  QueuesTest() : clock_(kSecond) {
    profile_.dst_mac = parse_mac("02:00:00:00:00:01");
    profile_.flows = 2;
  }

  void make(const SenderSpec& sender, const ReceiverSpec& receiver = {}, bool reverse = false) {
    DirectionSpec spec{.sender = sender, .receiver = receiver, .reverse = reverse};
    spec.sender.port = &from_;
    spec.receiver.port = &to_;
    spec.sender.queues = spec.receiver.queues = 2;
    auto made = Direction::make(spec, profile_, clock_);
    ASSERT_TRUE(made.has_value());
    direction_ = std::move(*made);
  }
  void start(double fps, Nanoseconds duration, std::uint32_t burst = Pacer::kBurstMax) {
    direction_->start({fps, duration, burst, ++trial_id_, clock_.now()});
  }
  // Every queue sends what is due now.
  void run_senders() {
    for (const auto& tx : direction_->tx_loops()) {
      for (bool sends = true; sends && !tx->cell().finished.load();) {
        sends = tx->run() == Step::kBusy;
      }
    }
  }
  void send_all() {
    while (!direction_->all_sent()) {
      run_senders();
      clock_.advance(10 * kMicrosecond);
    }
  }
  // `ago`: when it was stamped.
  void arrive(std::size_t queue, const std::vector<std::uint8_t>& bytes, Nanoseconds ago = 0) {
    to_.incoming.push_back({.bytes = bytes, .stamp = clock_.now() - ago});
    direction_->rx_loops()[queue]->run();
  }
  DirectionResult fold() {
    direction_->stop(clock_.now());
    const DeviceCounters none{.tx_dropped = 0, .rx_ring_dropped = 0, .rx_nic_dropped = 0};
    const Folded found = fakes::folded(*direction_, {none, none}, {none, none});
    EXPECT_EQ(found.spoiled, "");
    return found.result;
  }
  [[nodiscard]] const Pacer& pacer(std::size_t queue) const {
    return direction_->tx_loops()[queue]->pacer();
  }
  [[nodiscard]] static Signature signature_of(const std::vector<std::uint8_t>& bytes) {
    return load_signature(bytes.data() + headers_length(false, false));
  }

  FakeClock clock_;
  FakeDevice from_{4096};
  FakeDevice to_;
  TrafficProfile profile_;
  std::unique_ptr<Direction> direction_;
  std::uint16_t trial_id_ = 6;
};

// Frames at once reach one device, whichever queue they come from.
TEST_F(QueuesTest, ShareTheRoomOfTheDevice) {
  make({.burst_room = 64});
  start(1e5, kSecond);
  EXPECT_EQ(pacer(0).room(), 32u);
  EXPECT_EQ(pacer(1).room(), 32u);
  make({});
  start(1e6, kSecond);  // what is due in 20 us, over both
  EXPECT_EQ(pacer(0).room(), 10u);
}

// Of 100,000 frames 1 % may be left out: 500 of each queue. A stall of 8 ms makes 400 of each due,
// which are left out down to the room; one of 12 ms makes 600 due, which must be caught up.
TEST_F(QueuesTest, ShareWhatMayBeLeftOut) {
  for (const bool too_long : {false, true}) {
    make({.unsent_ratio = 0.01});
    start(1e5, kSecond);
    from_.sent.clear();
    clock_.advance((too_long ? 12 : 8) * kMillisecond);
    run_senders();
    const std::uint64_t stalls = pacer(0).stalls() + pacer(1).stalls();
    EXPECT_EQ(stalls, too_long ? 0u : 2u);
    if (too_long) {
      EXPECT_EQ(from_.sent.size(), 1201u);
    } else {
      EXPECT_LE(from_.sent.size(), 2u * 3u);
    }
    direction_->stop(clock_.now());
  }
}

TEST_F(QueuesTest, TakeTurnsInOneSchedule) {
  make({});
  start(1000, kSecond);
  EXPECT_EQ(pacer(0).next_deadline(), clock_.now());
  EXPECT_EQ(pacer(1).next_deadline(), clock_.now() + kMillisecond);
}

// The same numbers would make bursts of queues and directions that are meant to be independent.
TEST_F(QueuesTest, EachDrawsItsOwnPoissonGapsInEachDirection) {
  std::set<Nanoseconds> first;
  for (const bool reverse : {false, true}) {
    make({.schedule = ScheduleKind::kPoisson}, {}, reverse);
    start(1000, kSecond);
    first.insert(pacer(0).next_deadline());
    first.insert(pacer(1).next_deadline());
  }
  EXPECT_EQ(first.size(), 4u);
}

// Five frames by turns: the first queue sends the first and the last of them.
TEST_F(QueuesTest, SendAllFlowsAndFromTheFirstFrameToTheLast) {
  profile_.flows = 3;  // one for the first queue, two for the second
  make({});
  start(1000, 5 * kMillisecond);
  send_all();
  const DirectionResult result = fold();
  EXPECT_EQ(result.counts.intended, 5u);
  EXPECT_EQ(result.counts.offered, 5u);
  EXPECT_EQ(result.flows_sent, 3u);
  EXPECT_EQ(result.sequence_spaces, 3u);
  EXPECT_EQ(result.tx_duration, 4 * kMillisecond);
}

TEST_F(QueuesTest, EachReceiversCountsAreAdded) {
  make({}, {.waiting_time = 100 * kMillisecond});
  start(1000, 10 * kMillisecond);
  send_all();
  ASSERT_EQ(from_.sent.size(), 10u);
  // By flow: number 0 .. 3 twice, 4 too late, the rest not at all. The second queue's first copy of
  // number 2 comes after that of 3.
  std::vector<std::vector<std::vector<std::uint8_t>>> of(2);
  for (const auto& bytes : from_.sent) of.at(signature_of(bytes).space).push_back(bytes);
  for (std::size_t queue = 0; queue < 2; ++queue) {
    for (const std::size_t number : {0u, 1u, 3u, 2u}) arrive(queue, of[queue].at(number));
  }
  for (std::size_t queue = 0; queue < 2; ++queue) {
    for (const std::size_t number : {0u, 1u, 2u, 3u}) arrive(queue, of[queue].at(number));
  }
  EXPECT_EQ(direction_->longest_delay(), clock_.now() - kSecond) << "of the first frame of all";
  clock_.advance(200 * kMillisecond);
  for (std::size_t queue = 0; queue < 2; ++queue) arrive(queue, of[queue].at(4));
  const DirectionResult result = fold();
  EXPECT_EQ(result.counts.offered, 10u);
  EXPECT_EQ(result.counts.unique, 8u);
  EXPECT_EQ(result.counts.duplicate, 8u);
  EXPECT_EQ(result.counts.received, 16u);
  EXPECT_EQ(result.counts.reordered, 2u);
  EXPECT_EQ(result.counts.late, 2u);
  EXPECT_EQ(result.counts.lost, 2u);
  EXPECT_EQ(result.attribution.late, 2u);
  EXPECT_EQ(result.attribution.dut, 0u);
  ASSERT_TRUE(result.reordering);
  EXPECT_EQ(result.reordering->extent_max, 1u);
  EXPECT_EQ(result.reordering->free_runs, 4u) << "before and behind each that was reordered";
}

// To 198.19.0.2 in place of 198.19.0.1, with the checksum made right for it.
TEST_F(QueuesTest, WhatCameToAnotherAddressWasNotLostByTheDevice) {
  make({});
  start(1000, 10 * kMillisecond);
  send_all();
  ASSERT_EQ(from_.sent.size(), 10u);
  for (std::size_t number = 0; number < 8; ++number) {
    std::vector<std::uint8_t> bytes = from_.sent[number];
    if (number % 2 == 1) {
      constexpr std::size_t kAddress = 32, kChecksum = 40;  // its lower half
      store_be16(bytes.data() + kAddress, 2);
      store_be16(bytes.data() + kChecksum,
                 static_cast<std::uint16_t>(load_be16(bytes.data() + kChecksum) - 1));
    }
    arrive(0, bytes);
  }
  const DirectionResult result = fold();
  EXPECT_EQ(result.readdressed_to, "198.19.0.2:9");
  EXPECT_EQ(result.counts.readdressed, 4u);
  EXPECT_EQ(result.counts.unique, 4u);
  EXPECT_EQ(result.counts.lost, 6u);
  EXPECT_EQ(result.attribution.readdressed, 4u);
  EXPECT_EQ(result.attribution.dut, 2u);
}

TEST_F(QueuesTest, FramesOfAnEarlierTrialAreStaleOnEachOfThem) {
  make({});
  start(1000, 10 * kMillisecond);
  send_all();
  const auto before = from_.sent;
  fold();
  from_.sent.clear();
  start(1000, 10 * kMillisecond);
  send_all();
  for (const auto& bytes : before) arrive(signature_of(bytes).space, bytes);
  for (const auto& bytes : from_.sent) arrive(signature_of(bytes).space, bytes);
  const DirectionResult result = fold();
  EXPECT_EQ(result.counts.stale, 10u);
  EXPECT_EQ(result.counts.foreign, 0u);
  EXPECT_EQ(result.counts.unique, 10u);
  EXPECT_EQ(result.counts.duplicate, 0u);
}

TEST_F(QueuesTest, StallsAreThoseOfAll) {
  make({});
  start(1e5, kSecond, 4);
  clock_.advance(10 * kMillisecond);
  run_senders();
  direction_->stop(clock_.now());
  EXPECT_EQ(pacing_summary(direction_->tx_loops()).stalls, 2u);
}

// The first queue is kept from its core for 10 ms, the second looks every 100 us.
TEST_F(QueuesTest, TheLongestBurstAndTheLongestSpanAreThoseOfAny) {
  make({.burst_room = 1024});
  start(1e4, kSecond);
  for (int i = 0; i < 100; ++i) {
    direction_->tx_loops()[1]->run();
    clock_.advance(100 * kMicrosecond);
  }
  direction_->tx_loops()[0]->run();
  clock_.advance(300 * kMicrosecond);
  direction_->tx_loops()[0]->run();
  direction_->stop(clock_.now());
  EXPECT_EQ(direction_->sent().pacing.burst_max, 51u);
  EXPECT_EQ(direction_->sent().tx_span_max, 300 * kMicrosecond);
  start(1e4, kSecond);
  EXPECT_EQ(direction_->sent().tx_span_max, 0) << "of the next run nothing is known yet";
}

TEST_F(QueuesTest, OneThatNeverHeardOfTheCutIsAskedForNothingAfterIt) {
  make({});
  start(1000, kSecond);
  clock_.advance(10 * kMillisecond);
  direction_->cut(clock_.now());
  clock_.advance(50 * kMillisecond);
  direction_->stop(clock_.now());
  EXPECT_EQ(direction_->sent().intended, 11u);
}

TEST_F(QueuesTest, EachHasSentTheNumbersOfItsOwnSpaces) {
  profile_.flows = 4;
  const auto stream =
      plan_stream({.from = from_, .tx_queues = 2, .to = &to_.facts()}, profile_, false);
  ASSERT_TRUE(stream.has_value());
  const auto sender = Sender::make({.port = &from_, .queues = 2}, *stream, clock_);
  ASSERT_TRUE(sender.has_value());
  (*sender)->start({1000, 8 * kMillisecond, 32, 7, clock_.now()}, nullptr);
  while (!(*sender)->all_sent()) {
    for (const auto& loop : (*sender)->loops()) loop->run();
    clock_.advance(100 * kMicrosecond);
  }
  EXPECT_EQ((*sender)->numbers_so_far(), (std::vector<std::uint64_t>{2, 2, 2, 2}));
}

TEST_F(QueuesTest, NegativeDelaysAreThoseOfAll) {
  make({});
  start(1000, 10 * kMillisecond);
  send_all();
  arrive(0, from_.sent.at(0), kSecond / 2);  // before it was sent
  arrive(1, from_.sent.at(1));
  direction_->stop(clock_.now());
  const std::optional<ReceivedReport> received = direction_->received();
  ASSERT_TRUE(received && received->delay);
  EXPECT_EQ(received->delay->negative, 1u);
}

// Nobody looks from the last frame on until the waiting time is over. By then one frame has come,
// to the first queue, and nobody stamped it.
TEST_F(QueuesTest, WhatNobodyLookedForIsThatOfAll) {
  make({}, {.waiting_time = 100 * kMillisecond});
  start(1000, 2 * kMillisecond);
  send_all();
  for (const auto& rx : direction_->rx_loops()) rx->run();
  clock_.advance(200 * kMillisecond);
  to_.incoming.push_back({.bytes = from_.sent.at(0), .stamp = 0});
  for (const auto& rx : direction_->rx_loops()) rx->run();
  direction_->stop(clock_.now());
  EXPECT_EQ(direction_->received()->late_unseen, 1u);
}

// The direction ends with its last sender; late is what comes the waiting time after the last frame
// of any.
TEST_F(QueuesTest, TheLastFrameOfAnyOpensTheWaitingTime) {
  LateAfter late_after;
  EndOfSending end;
  late_after.start(kSecond);
  end.start(3, 10, &late_after);
  end.ended(100);
  EXPECT_EQ(late_after.at(), kNotYet);
  end.ended(300);
  EXPECT_EQ(late_after.at(), kNotYet) << "one still sends";
  end.ended(200);
  EXPECT_EQ(late_after.at(), 300 + kSecond);
  late_after.start(kSecond);
  end.start(1, 500, &late_after);
  end.ended(0);
  EXPECT_EQ(late_after.at(), 500 + kSecond) << "nothing was sent";
}

}  // namespace
}  // namespace wireproof
