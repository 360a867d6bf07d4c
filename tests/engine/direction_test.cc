#include "engine/direction.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/fake_device.h"
#include "engine/folded.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

constexpr Nanoseconds kTick = 10 * kMicrosecond;

// One direction between two fake devices, on a clock that moves in ticks: what left at a tick
// arrives after the delay that the test gives it.
class DirectionTest : public ::testing::Test {
 protected:
  DirectionTest() : clock_(kSecond) { profile_.dst_mac = parse_mac("02:00:00:00:00:01"); }

  void make(const SenderSpec& sender, const ReceiverSpec& receiver = {}, bool reverse = false) {
    DirectionSpec spec{.sender = sender, .receiver = receiver, .reverse = reverse};
    spec.sender.port = &from_;
    spec.receiver.port = &to_;
    auto made = Direction::make(spec, profile_, clock_);
    ASSERT_TRUE(made.has_value());
    direction_ = std::move(*made);
  }

  // Sends all of `duration`. `delay_of`: of the k-th frame; negative: it is lost. `blocked`: the
  // device takes nothing until that long after the start.
  DirectionResult run(double fps, Nanoseconds duration, std::uint32_t burst, auto delay_of,
                      Nanoseconds blocked = 0) {
    const Nanoseconds epoch = clock_.now();
    departures_.clear();
    from_.sent.clear();
    direction_->start({fps, duration, burst, ++trial_id_, epoch});
    TxLoop& tx = *direction_->tx_loops().front();
    while (!tx.cell().finished.load()) {
      from_.accept_max = clock_.now() - epoch < blocked ? 0 : SIZE_MAX;
      std::size_t before = from_.sent.size();
      while (tx.run() == Step::kBusy && from_.sent.size() > before) {
        departures_.push_back({clock_.now() - epoch, from_.sent.size() - before});
        before = from_.sent.size();
      }
      clock_.advance(kTick);
    }
    arrive(epoch, delay_of);
    direction_->stop(clock_.now());
    const Folded found = fakes::folded(*direction_, {told(), told()}, {rx_before_, rx_after_});
    EXPECT_EQ(found.spoiled, "");
    return found.result;
  }

  void arrive(Nanoseconds epoch, auto delay_of) {
    std::multimap<Nanoseconds, std::size_t> order;  // by time of arrival
    std::size_t frame = 0;
    for (const auto& [at, count] : departures_) {
      for (std::size_t i = 0; i < count; ++i, ++frame) {
        const Nanoseconds delay = delay_of(frame);
        if (delay >= 0) order.emplace(epoch + at + delay, frame);
      }
    }
    for (const auto& [at, number] : order) {
      const bool stamped = to_.incoming.size() >= without_stamp_;
      to_.incoming.push_back({.bytes = from_.sent[number], .stamp = stamped ? at : 0});
    }
    RxLoop& rx = *direction_->rx_loops().front();
    while (!to_.incoming.empty()) rx.run();
  }

  struct Departure {
    Nanoseconds at;
    std::size_t frames;
  };

  // What the ports' counters say; nothing that could hide a loss.
  static DeviceCounters told() {
    return {.tx_dropped = 0, .rx_ring_dropped = 0, .rx_nic_dropped = 0};
  }
  DeviceCounters rx_before_ = told(), rx_after_ = told();

  FakeClock clock_;
  FakeDevice from_{2048};
  FakeDevice to_;
  TrafficProfile profile_;
  std::unique_ptr<Direction> direction_;
  std::vector<Departure> departures_;
  std::uint16_t trial_id_ = 6;
  std::size_t without_stamp_ = 0;  // so many are first to arrive, and bear none
};

Nanoseconds fifty_us(std::size_t) {
  return 50 * kMicrosecond;
}

// A kernel begins to stamp when it is asked to, and not at once.
TEST_F(DirectionTest, WhatThePollHadToDateIsCounted) {
  to_.facts_to_set().rx_stamp = "kernel";
  without_stamp_ = 3;
  make({});
  DirectionResult result = run(10'000, 2 * kMillisecond, 32, fifty_us);
  ASSERT_TRUE(result.delay);
  EXPECT_EQ(result.delay->unstamped, 3u);
  EXPECT_EQ(result.delay->actual.samples, 20u);
  to_.facts_to_set().rx_stamp = "poll";  // of which none has a stamp, as it says
  result = run(10'000, 2 * kMillisecond, 32, fifty_us);
  ASSERT_TRUE(result.delay);
  EXPECT_EQ(result.delay->unstamped, std::nullopt);
}

// A ring that nobody counts the drops of: what it lost, if it did, is not the device's.
TEST_F(DirectionTest, ALossWhileOurRingMayHaveBeenFullIsNotAttributable) {
  const auto every_fourth_is_lost = [](std::size_t frame) {
    return frame % 4 == 0 ? Nanoseconds{-1} : 50 * kMicrosecond;
  };
  rx_before_.rx_ring_dropped = rx_after_.rx_ring_dropped = 0;
  rx_before_.rx_ring_filled = rx_after_.rx_ring_filled = 3;  // of a trial before this one
  make({});
  DirectionResult result = run(10'000, 2 * kMillisecond, 32, every_fourth_is_lost);
  EXPECT_EQ(result.attribution.dut, 5u);
  EXPECT_EQ(result.attribution.not_attributable, 0u);
  rx_after_.rx_ring_filled = 4;
  result = run(10'000, 2 * kMillisecond, 32, every_fourth_is_lost);
  EXPECT_EQ(result.attribution.dut, 0u);
  EXPECT_EQ(result.attribution.not_attributable, 5u);
}

// The example of docs/metrics.md, "Delay from the schedule", and nine frames on time behind it.
TEST_F(DirectionTest, DelayFromTheScheduleHoldsTheWaitOfASenderThatWasHeldUp) {
  make({});
  const DirectionResult result =
      run(10'000, 2 * kMillisecond, 32, fifty_us, /*blocked=*/kMillisecond);
  EXPECT_EQ(result.counts.offered, 20u);
  EXPECT_EQ(result.counts.unsent, 0u);
  EXPECT_EQ(departures_.front().at, kMillisecond);
  EXPECT_EQ(departures_.front().frames, 11u);
  ASSERT_TRUE(result.delay && result.delay->scheduled);
  const Distribution& actual = result.delay->actual;
  EXPECT_EQ(actual.samples, 20u);
  EXPECT_EQ(actual.min, 50 * kMicrosecond);
  EXPECT_EQ(actual.max, 50 * kMicrosecond);
  EXPECT_EQ(actual.p50, 50 * kMicrosecond) << "not the edge of its histogram step, 50,015 ns";
  const Distribution& scheduled = *result.delay->scheduled;
  EXPECT_EQ(scheduled.samples, 20u);
  EXPECT_EQ(scheduled.min, 50 * kMicrosecond);
  EXPECT_NEAR(static_cast<double>(scheduled.max), 1'050'000, 4'000);  // the lateness to 0.4 %
  EXPECT_NEAR(scheduled.mean, (11 * 550'000 + 9 * 50'000) / 20.0, 0.004 * 325'000);
  // The sender itself knows its lateness to the nanosecond.
  ASSERT_TRUE(result.pacing.lateness);
  EXPECT_EQ(result.pacing.lateness->max, kMillisecond);
  EXPECT_EQ(result.pacing.lateness->mean, (11 * 500'000) / 20.0);
  EXPECT_EQ(result.pacing.lateness_max, kMillisecond);
  EXPECT_EQ(result.pacing.stalls, 0u);
}

TEST_F(DirectionTest, WhatIsSkippedHasNoDelayAndTheWorstLatenessIsTold) {
  make({});
  const DirectionResult result =
      run(10'000, 2 * kMillisecond, 4, fifty_us, /*blocked=*/kMillisecond);
  EXPECT_EQ(result.counts.intended, 20u);
  EXPECT_EQ(result.counts.unsent, 7u);  // 11 were due, 4 are caught up
  EXPECT_EQ(result.delay->scheduled->samples, 13u);
  EXPECT_NEAR(static_cast<double>(result.delay->scheduled->max), 350'000, 0.004 * 300'000);
  EXPECT_EQ(result.pacing.lateness->max, 300 * kMicrosecond);
  EXPECT_GE(result.pacing.lateness_max, 400 * kMicrosecond);  // of those that were skipped
  EXPECT_GT(result.pacing.stalls, 0u);
}

TEST_F(DirectionTest, ASecondRunHasItsOwnTimeOfSending) {
  make({});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run(10'000, 2 * kMillisecond, 32, fifty_us).tx_duration, 1'900 * kMicrosecond);
  }
}

// A loss is known once its number has left the window: here behind jumps to 2^17 and to 2^18.
TEST_F(DirectionTest, WhileItRunsTheLossesOfEachIntervalAreTold) {
  make({});
  direction_->start({1'000, 10 * kSecond, 32, ++trial_id_, clock_.now()});
  direction_->tx_loops().front()->run();
  ASSERT_EQ(from_.sent.size(), 1u);
  std::uint64_t lost = 0;
  for (const std::uint16_t jump : {std::uint16_t{2}, std::uint16_t{4}}) {
    std::vector<std::uint8_t> bytes = from_.sent.front();
    constexpr std::size_t kNumber = 50;  // bits 31 to 16 of it
    constexpr std::size_t kChecksum = 40;
    store_be16(bytes.data() + kNumber, jump);
    store_be16(bytes.data() + kChecksum,
               static_cast<std::uint16_t>(load_be16(bytes.data() + kChecksum) - jump));
    to_.incoming.push_back({.bytes = bytes, .stamp = clock_.now()});
    direction_->rx_loops().front()->run();
    clock_.advance(kSecond);
    ASSERT_TRUE(direction_->sample(clock_.now()));
    lost += direction_->so_far().intervals.back().lost;
  }
  EXPECT_EQ(direction_->so_far().counts.unique, 2u);
  EXPECT_GT(lost, 100'000u);
  EXPECT_EQ(direction_->so_far().counts.lost, lost);
}

TEST_F(DirectionTest, WithoutAScheduleNothingIsDue) {
  make({});
  const DirectionResult result = run(0, kMillisecond, 8, fifty_us);
  ASSERT_TRUE(result.delay);
  EXPECT_FALSE(result.delay->scheduled);
  EXPECT_EQ(result.pacing.mode, "burst");
  EXPECT_EQ(result.pacing.schedule, "");
  EXPECT_EQ(result.pacing.gap_target, 0);
  EXPECT_FALSE(result.pacing.lateness);
  EXPECT_TRUE(result.pacing.gap);
  EXPECT_TRUE(result.jitter);
}

TEST_F(DirectionTest, VariationNeedsTheDelayOfEveryFrame) {
  make({}, {.delay_every = 10});
  const DirectionResult result = run(10'000, 10 * kMillisecond, 8, fifty_us);
  EXPECT_EQ(result.counts.unique, 100u);
  ASSERT_TRUE(result.delay);
  EXPECT_EQ(result.delay->actual.samples, 10u);
  EXPECT_FALSE(result.jitter);
  EXPECT_TRUE(result.reordering);
}

// RFC 5481 section 4's example, in ns behind a tenth of a second.
class VariationTest : public DirectionTest {
 protected:
  static constexpr Nanoseconds kBase = 100 * kMillisecond;
  static constexpr double kFps = 10'000;

  DirectionResult send(std::size_t frames) {
    return run(kFps, static_cast<Nanoseconds>(frames) * 100 * kMicrosecond, 8,
               [](std::size_t frame) { return kBase + kDelays[frame % 5]; });
  }
  static constexpr std::array<Nanoseconds, 5> kDelays = {20, 10, 20, 25, 20};
};

TEST_F(VariationTest, Rfc5481Section4) {
  make({});
  const JitterSummary five = *send(5).jitter;
  EXPECT_EQ(five.pdv_max, 15);
  EXPECT_FALSE(five.pdv_p50) << "five samples have no percentile";
  EXPECT_EQ(five.ipdv_pairs, 4u);
  EXPECT_EQ(five.ipdv_min, -10);
  EXPECT_EQ(five.ipdv_max, 10);
  EXPECT_EQ(five.ipdv_mean_abs, 7.5);
  // 0.625, 1.2109, 1.4478, 1.6698: each to the RFC's own rounding.
  EXPECT_NEAR(five.rfc3550_mean, 1.669769287109375, 1e-12);
  EXPECT_EQ(five.rfc3550_spaces, 1u);
}

TEST_F(VariationTest, Rfc5481Section4WithTheSecondLost) {
  make({});
  const DirectionResult result = run(kFps, 500 * kMicrosecond, 8, [](std::size_t frame) {
    return frame == 1 ? -1 : kBase + kDelays[frame];
  });
  EXPECT_EQ(result.counts.lost, 1u);
  EXPECT_EQ(result.jitter->pdv_max, 5);
  EXPECT_EQ(result.jitter->ipdv_pairs, 2u);
  EXPECT_EQ(result.jitter->ipdv_min, -5);
  EXPECT_EQ(result.jitter->ipdv_max, 5);
}

TEST_F(VariationTest, NanosecondsAreToldApartBehindATenthOfASecondOnceThatIsKnown) {
  make({});
  const JitterSummary first = *send(1000).jitter;
  EXPECT_EQ(first.pdv_max, 15);
  ASSERT_TRUE(first.pdv_p50);
  EXPECT_GE(*first.pdv_p50, 10) << "a percentile is never too small";
  // The least delay of the run before is where distances are now taken from: 10 0 10 15 10 a fifth
  // each, exactly.
  const JitterSummary second = *send(1000).jitter;
  EXPECT_EQ(second.pdv_p50, 10);
  EXPECT_EQ(second.pdv_p99, 15);
  EXPECT_FALSE(second.pdv_p99_9);
  EXPECT_EQ(second.ipdv_p50, 0);
  EXPECT_EQ(second.ipdv_pairs, 999u);
  EXPECT_DOUBLE_EQ(second.ipdv_mean_abs, 6000.0 / 999) << "10 10 5 5 0, over and over";
}

TEST_F(DirectionTest, ABurstyScheduleIsCountedExactlyAndLeavesInBursts) {
  make({.schedule = ScheduleKind::kBursty, .burst_size = 16});
  const DirectionResult result = run(100'000, 10 * kMillisecond, 16, fifty_us);
  EXPECT_EQ(result.counts.intended, 1000u);
  EXPECT_EQ(result.counts.offered, 1000u);
  ASSERT_EQ(departures_.size(), 63u);
  for (std::size_t i = 0; i < departures_.size(); ++i) {
    EXPECT_EQ(departures_[i].at, static_cast<Nanoseconds>(i) * 160 * kMicrosecond);
    EXPECT_EQ(departures_[i].frames, i < 62 ? 16u : 8u);
  }
  EXPECT_EQ(result.pacing.schedule, "bursty");
  EXPECT_EQ(result.pacing.gap_target, 10'000);
  EXPECT_EQ(result.pacing.gap->samples, 999u);
  EXPECT_EQ(result.pacing.gap->p90, 0) << "of 16 gaps 15 are within a burst";
  EXPECT_EQ(result.pacing.gap->max, 160 * kMicrosecond);
  EXPECT_EQ(result.pacing.lateness->max, 0);
  EXPECT_EQ(result.pacing.caught_up, 0u) << "a burst of the schedule is not beyond it";
}

TEST_F(DirectionTest, APoissonScheduleIntendsTheSameHoweverItIsKept) {
  make({.schedule = ScheduleKind::kPoisson});
  const DirectionResult kept = run(100'000, 20 * kMillisecond, 64, fifty_us);
  EXPECT_NEAR(static_cast<double>(kept.counts.intended), 2000, 5 * 44.7);
  EXPECT_EQ(kept.counts.offered, kept.counts.intended);
  EXPECT_LT(kept.pacing.lateness->max, kTick);
  const DirectionResult held_up =
      run(100'000, 20 * kMillisecond, 8, fifty_us, /*blocked=*/5 * kMillisecond);
  EXPECT_EQ(held_up.counts.intended, kept.counts.intended);
  EXPECT_GT(held_up.counts.unsent, 300u);
  EXPECT_EQ(held_up.counts.offered + held_up.counts.unsent, kept.counts.intended);
  EXPECT_EQ(held_up.pacing.schedule, "poisson");
}

TEST_F(DirectionTest, PrecisePacingHandsOverOneFrameARound) {
  make({.pacing = PacingMode::kPrecise});
  const DirectionResult result =
      run(1e6, 100 * kMicrosecond, 64, fifty_us, /*blocked=*/30 * kMicrosecond);
  EXPECT_EQ(result.counts.offered, 100u);
  ASSERT_EQ(departures_.size(), 100u);
  for (const Departure& round : departures_) EXPECT_EQ(round.frames, 1u);
  EXPECT_EQ(result.pacing.mode, "precise");
}

// Two queues each way; both of the receiver take what `arrive_by` says.
class TwoQueuesTest : public DirectionTest {
 protected:
  void send(double fps, Nanoseconds duration) {
    epoch_ = clock_.now();
    direction_->start({fps, duration, 32, ++trial_id_, epoch_});
    for (bool busy = true; busy; clock_.advance(kTick)) {
      busy = false;
      for (const auto& tx : direction_->tx_loops()) {
        while (tx->run() == Step::kBusy) {
        }
        busy |= !tx->cell().finished.load();
      }
    }
  }

  // `queue_of`: by the number of a frame and its bytes.
  DirectionResult arrive_by(auto queue_of, std::string& spoiled) {
    for (std::size_t number = 0; number < from_.sent.size(); ++number) {
      to_.incoming.push_back({.bytes = from_.sent[number], .stamp = clock_.now()});
      direction_->rx_loops()[queue_of(number, from_.sent[number])]->run();
    }
    direction_->stop(clock_.now());
    direction_->finish_interval(clock_.now());
    const Folded found = fakes::folded(*direction_, {}, {});
    spoiled = found.spoiled;
    return found.result;
  }

  // As a NIC does: by the addresses and ports.
  static std::size_t by_hash(std::size_t, const std::vector<std::uint8_t>& bytes) {
    std::uint32_t hash = 2'166'136'261;
    for (std::size_t i = 26; i < 38; ++i) hash = (hash ^ bytes[i]) * 16'777'619;
    return hash >> 16 & 1;
  }

  Nanoseconds epoch_ = 0;
};

TEST_F(TwoQueuesTest, EachFlowIsASequenceSpaceWhereQueuesAreChosenByFlow) {
  profile_.flows = 8192;
  to_.facts_to_set().rx_spread = 2;
  make({.queues = 2}, {.queues = 2});
  send(1e6, 20 * kMillisecond);
  ASSERT_EQ(from_.sent.size(), 20'000u);  // each flow had its turn, and most a second one
  std::string spoiled;
  const DirectionResult result = arrive_by(by_hash, spoiled);
  EXPECT_EQ(spoiled, "");
  EXPECT_EQ(result.sequence_scope, "flow");
  EXPECT_EQ(result.sequence_spaces, 8192u);
  EXPECT_EQ(direction_->received()->order_note, "");
  EXPECT_EQ(result.counts.lost, 0u);
  EXPECT_EQ(result.counts.reordered, 0u);
  ASSERT_TRUE(result.loss_bursts);
  EXPECT_EQ(result.loss_bursts->bursts, 0u);
}

TEST_F(TwoQueuesTest, FlowsThatShareASpaceOverJoinedQueuesHaveNoOrderOfTheirOwn) {
  profile_.flows = kSequenceSpacesSpread + 1;
  make({});
  EXPECT_EQ(direction_->received()->order_note, "");
  to_.facts_to_set().rx_spread = 4;
  make({});
  EXPECT_NE(direction_->received()->order_note.find("upper bound"), std::string::npos);
}

TEST_F(TwoQueuesTest, OfAFlowThatChangedItsQueueNothingIsToldButTheCounts) {
  profile_.flows = 2;
  make({.queues = 2}, {.queues = 2});
  send(100'000, 10 * kMillisecond);
  std::string spoiled;
  const DirectionResult result =
      arrive_by([](std::size_t number, const auto&) { return number / 2 % 2; }, spoiled);
  EXPECT_NE(spoiled.find("several receive queues"), std::string::npos) << spoiled;
  EXPECT_EQ(result.counts.offered, 1000u);
  EXPECT_EQ(result.counts.lost, 0u);
  ASSERT_TRUE(result.delay);  // each frame's own
  EXPECT_EQ(result.delay->actual.samples, 1000u);
  EXPECT_FALSE(result.loss_bursts);
  EXPECT_FALSE(result.reordering);
  EXPECT_FALSE(result.jitter);
  ASSERT_FALSE(result.intervals.empty());
  for (const Interval& interval : result.intervals) EXPECT_EQ(interval.lost, 0u);
}

TEST_F(TwoQueuesTest, MoreFlowsThanSequenceSpacesAreRefusedBeforeAnythingIsSent) {
  profile_.flows = kSequenceSpacesSpread + 1;
  for (const unsigned queues : {1u, 2u}) {
    const auto made = Direction::make({.sender = {.port = &from_, .queues = queues},
                                       .receiver = {.port = &to_, .queues = queues}},
                                      profile_, clock_);
    ASSERT_EQ(made.has_value(), queues == 1);
    if (!made) {
      EXPECT_EQ(made.error().kind, ErrorKind::kUsage);
      EXPECT_NE(made.error().hint.find("--flows 65536"), std::string::npos) << made.error().hint;
    }
  }
  EXPECT_TRUE(Direction::make({.sender = {.port = &from_, .queues = 2}}, profile_, clock_))
      << "nobody receives";
}

}  // namespace
}  // namespace wireproof
