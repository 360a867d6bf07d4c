// Whose losses are those behind a burst that the sender sent to catch up: a sender that is
// pre-empted, before a policer made of arithmetic.
#include <gtest/gtest.h>

#include "base/random.h"
#include "engine/direction.h"
#include "engine/fake_device.h"
#include "engine/folded.h"
#include "support/sanitized.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

class BurstBlame : public ::testing::Test {
 protected:
  BurstBlame() : clock_(kSecond) {
    profile_.dst_mac = parse_mac("02:00:00:00:00:01");
    for (DeviceCounters* counters : {&tx_before_, &tx_after_, &rx_before_, &rx_after_}) {
      counters->tx_dropped = counters->rx_ring_dropped = counters->rx_nic_dropped = 0;
    }
  }

  void make(const SenderSpec& sender, const ReceiverSpec& receiver = {}, bool reverse = false) {
    DirectionSpec spec{.sender = sender, .receiver = receiver, .reverse = reverse};
    spec.sender.port = &from_;
    spec.receiver.port = &to_;
    auto made = Direction::make(spec, profile_, clock_);
    ASSERT_TRUE(made.has_value());
    direction_ = std::move(*made);
  }

  // A sender whose core is taken away for 8 ms every 50 to 400 ms, and for up to 1 ms ten times as
  // often, before a policer of `capacity` frames a second with room for five.
  DirectionResult run_through_policer(double fps, double capacity, std::uint64_t seed) {
    Random random(seed);
    rx_before_.rx_ring_dropped = rx_after_.rx_ring_dropped = 0;  // it hides nothing
    const Nanoseconds epoch = clock_.now();
    departures_.clear();
    from_.sent.clear();
    direction_->start({fps, 4 * kSecond, 1024, ++trial_id_, epoch});
    TxLoop& tx = *direction_->tx_loops().front();
    const auto gap = [&random](Nanoseconds least, Nanoseconds most) {
      return least +
             static_cast<Nanoseconds>(random.below(static_cast<std::uint64_t>(most - least)));
    };
    Nanoseconds long_stall = clock_.now() + gap(50 * kMillisecond, 400 * kMillisecond);
    Nanoseconds short_stall = clock_.now() + gap(5 * kMillisecond, 40 * kMillisecond);
    while (!tx.cell().finished.load()) {
      const std::size_t before = from_.sent.size();
      const Nanoseconds next = tx.run();
      if (from_.sent.size() > before) {
        departures_.push_back({clock_.now() - epoch, from_.sent.size() - before});
      }
      // It looks at its clock again a microsecond later; in between it is only waiting.
      const Nanoseconds stalled = std::min(long_stall, short_stall) - clock_.now();
      const Nanoseconds idle = std::min(next == Step::kBusy ? 0 : next - clock_.now(), stalled);
      clock_.advance(std::max(kMicrosecond, idle));
      if (clock_.now() >= long_stall) {
        clock_.advance(8 * kMillisecond);
        long_stall = clock_.now() + gap(50 * kMillisecond, 400 * kMillisecond);
      }
      if (clock_.now() >= short_stall) {
        clock_.advance(gap(kMicrosecond, kMillisecond));
        short_stall = clock_.now() + gap(5 * kMillisecond, 40 * kMillisecond);
      }
    }
    police(epoch, capacity);
    direction_->stop(clock_.now());
    const Folded found =
        fakes::folded(*direction_, {tx_before_, tx_after_}, {rx_before_, rx_after_});
    EXPECT_EQ(found.spoiled, "");
    return found.result;
  }

  // A token bucket, in arithmetic of its own.
  void police(Nanoseconds epoch, double capacity) {
    constexpr double kRoom = 5;
    double tokens = kRoom;
    Nanoseconds last = 0;
    std::size_t frame = 0;
    for (const auto& [at, count] : departures_) {
      tokens = std::min(kRoom, tokens + static_cast<double>(at - last) * 1e-9 * capacity);
      last = at;
      for (std::size_t i = 0; i < count; ++i, ++frame) {
        if (tokens < 1) continue;
        tokens -= 1;
        to_.incoming.push_back({.bytes = from_.sent[frame], .stamp = epoch + at});
      }
    }
    RxLoop& rx = *direction_->rx_loops().front();
    while (!to_.incoming.empty()) rx.run();
  }

  struct Departure {
    Nanoseconds at;
    std::size_t frames;
  };

  FakeClock clock_;
  FakeDevice from_{2048};
  FakeDevice to_;
  TrafficProfile profile_;
  DeviceCounters tx_before_, tx_after_, rx_before_, rx_after_;
  std::unique_ptr<Direction> direction_;
  std::vector<Departure> departures_;
  std::uint16_t trial_id_ = 0;
};

// What is lost behind a burst of ours is not the device's, at any load that it carries; what it
// cannot carry is, and is told to within the frames that say nothing.
TEST_F(BurstBlame, APolicerIsBlamedForItsOwnLossesAlone) {
  constexpr double kCapacity = 20'000;
  for (std::uint64_t seed = 1; seed <= (sanitized() ? 1 : 3); ++seed) {
    for (const double share : {0.05, 0.3, 0.7, 0.95, 0.99}) {
      make({.unsent_ratio = 0.001});
      const DirectionResult found = run_through_policer(share * kCapacity, kCapacity, seed);
      EXPECT_EQ(found.attribution.dut, 0u) << share;
      EXPECT_EQ(found.attribution.not_attributable, found.counts.lost) << share;
      EXPECT_EQ(found.pacing.lost_behind, found.counts.lost) << share;
      if (share > 0.05) {
        EXPECT_GT(found.counts.lost, 0u) << share;
        EXPECT_GT(found.pacing.burst_max, 5u) << share;
      }
    }
    for (const double share : {1.01, 1.1, 2.0}) {
      make({.unsent_ratio = 0.001});
      const DirectionResult found = run_through_policer(share * kCapacity, kCapacity, seed);
      const double clean =
          static_cast<double>(found.counts.offered - found.pacing.caught_up) * (1 - 1 / share);
      EXPECT_GT(static_cast<double>(found.attribution.dut), 0.9 * clean) << share;
      EXPECT_GT(found.attribution.dut, 0u) << share;
    }
  }
}

// A device that carries nothing any more: what left together with others moved, and explains itself
// alone.
TEST_F(BurstBlame, ABurstExplainsNoMoreThanTheFramesThatItMoved) {
  make({.unsent_ratio = 0.001});
  const DirectionResult found = run_through_policer(1'000, 1e-3, 1);
  std::uint64_t together = 0;
  for (const Departure& departure : departures_) {
    if (departure.frames > 1) together += departure.frames;
  }
  EXPECT_GT(found.pacing.caught_up, 2 * together);
  EXPECT_GT(found.pacing.lost_behind, 0u);
  EXPECT_LE(found.pacing.lost_behind, together);
  EXPECT_EQ(found.attribution.dut, found.counts.lost - found.pacing.lost_behind);
}

// The user says that the device has room for it: then a loss is the device's.
TEST_F(BurstBlame, ABurstThatTheUserAllowsIsTheDevices) {
  make({.burst_room = 1024, .unsent_ratio = 0.001});
  const DirectionResult found = run_through_policer(10'000, 20'000, 1);
  EXPECT_GT(found.counts.lost, 0u);
  EXPECT_EQ(found.attribution.dut, found.counts.lost);
  EXPECT_EQ(found.pacing.caught_up, 0u);
}

}  // namespace
}  // namespace wireproof
