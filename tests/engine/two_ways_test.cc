// Both directions of a trial between two ports that lose everything: each is judged by its own
// ports, headers and times, and by what happened since it began.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "engine/fake_device.h"
#include "engine/packet_trial.h"
#include "support/simulated_time.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

class TwoWaysTest : public ::testing::Test {
 protected:
  TwoWaysTest() {
    a_.facts_to_set().device = "a";
    b_.facts_to_set().device = "b";
    b_.set_mac(MacAddress{{0x02, 0, 0, 0, 0, 0x0b}});
  }

  std::unique_ptr<PacketMeasurer> make(const PortPair& ports) {
    const unsigned ways = ports.bidirectional ? 2 : 1;
    CorePlan cores = cores_;
    if (cores.tx.empty()) {
      cores = *plan_cores(
          {.allowed = allowed_cpus(), .tx_loops = ways, .rx_loops = ports.b == nullptr ? 0 : ways});
    }
    auto measurer = PacketMeasurer::make(trial_, profile_, ports, cores, clock_, interrupted_, {});
    EXPECT_TRUE(measurer.has_value());
    (*measurer)->run_on(clock_.workers());
    return std::move(*measurer);
  }
  TrialResult run(const TrialSpec& spec, const PortPair& ports) {
    const auto measurer = make(ports);
    const Nanoseconds start = clock_.now();
    auto result = measurer->measure(spec);
    took_ = clock_.now() - start;
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return *std::move(result);
  }
  TrialResult run_both(const TrialSpec& spec) {
    return run(spec, {.a = &a_, .b = &b_, .bidirectional = true});
  }

  // Counters that stand at `before` and its multiples, and grow by these while frames are sent.
  static void count(FakeDevice& device, std::uint64_t before, std::uint64_t tx, std::uint64_t ring,
                    std::uint64_t nic) {
    device.counting = [&device, before, tx, ring, nic](DeviceCounters& now) {
      const std::uint64_t times = device.has_sent.load() ? 1 : 0;
      now.tx_dropped = before + times * tx;
      now.rx_ring_dropped = 2 * before + times * ring;
      now.rx_nic_dropped = 3 * before + times * nic;
    };
  }
  [[nodiscard]] static Signature signature_of(const std::vector<std::uint8_t>& bytes) {
    return load_signature(bytes.data() + headers_length(false, false));
  }

  FakeDevice a_{2048}, b_{2048};
  SimulatedTime clock_;
  std::atomic<bool> interrupted_{false};
  TrafficProfile profile_;
  CorePlan cores_;  // empty: as the host has them
  PacketTrialSpec trial_{.warm_up = 0,
                         .waiting_time = 20 * kMillisecond,
                         .burst = Pacer::kBurstMax,
                         .burst_room = Pacer::kBurstMax};
  Nanoseconds took_ = 0;
};

TEST_F(TwoWaysTest, EachDirectionIsExplainedByItsOwnPortsSinceTheTrialBegan) {
  count(a_, 100'000, 1, 2, 3);
  count(b_, 99'999, 5, 7, 11);
  const TrialResult trial = run_both({.intended_fps = 10'000, .duration = 20 * kMillisecond});
  ASSERT_EQ(trial.directions.size(), 2u);
  const DirectionResult& there = trial.directions[0];
  EXPECT_EQ(there.from, "a");
  EXPECT_EQ(there.to, "b");
  EXPECT_EQ(there.counts.lost, 200u);
  EXPECT_EQ(there.attribution.tx_ring, 1u);
  EXPECT_EQ(there.attribution.rx_ring, 7u);
  EXPECT_EQ(there.attribution.rx_nic, 11u);
  EXPECT_EQ(there.attribution.dut, 200u - 19u);
  const DirectionResult& back = trial.directions[1];
  EXPECT_EQ(back.from, "b");
  EXPECT_EQ(back.to, "a");
  EXPECT_EQ(back.counts.lost, 200u);
  EXPECT_EQ(back.attribution.tx_ring, 5u);
  EXPECT_EQ(back.attribution.rx_ring, 2u);
  EXPECT_EQ(back.attribution.rx_nic, 3u);
  EXPECT_EQ(back.attribution.dut, 200u - 10u);
}

TEST_F(TwoWaysTest, FramesOfTheWayBackBearItsBitAndTheAddressesExchanged) {
  run_both({.intended_fps = 5'000, .duration = 10 * kMillisecond});
  ASSERT_FALSE(a_.sent.empty());
  ASSERT_FALSE(b_.sent.empty());
  constexpr std::size_t kSrcIp = 26, kDstIp = 30;
  const auto& there = a_.sent.front();
  const auto& back = b_.sent.front();
  EXPECT_EQ(signature_of(there).space, 0u);
  EXPECT_EQ(signature_of(back).space, kDirectionBit);
  EXPECT_EQ(load_be32(there.data() + kSrcIp), load_be32(back.data() + kDstIp));
  EXPECT_EQ(load_be32(there.data() + kDstIp), load_be32(back.data() + kSrcIp));
  EXPECT_TRUE(std::equal(there.begin(), there.begin() + 6, back.begin() + 6)) << "MACs as well";
}

TEST_F(TwoWaysTest, OneWaySendsNothingBack) {
  const TrialResult trial =
      run({.intended_fps = 5'000, .duration = 10 * kMillisecond}, {.a = &a_, .b = &b_});
  EXPECT_EQ(trial.directions.size(), 1u);
  EXPECT_FALSE(a_.sent.empty());
  EXPECT_TRUE(b_.sent.empty());
}

// A frame of the warm-up that comes late is of another trial, and so is one of the trial before.
TEST_F(TwoWaysTest, WarmUpAndTrialBearNumbersOfTheirOwn) {
  trial_.warm_up = 10 * kMillisecond;
  std::set<std::uint16_t> ids;
  for (int trial = 0; trial < 2; ++trial) {
    run({.intended_fps = 5'000, .duration = 10 * kMillisecond}, {.a = &a_, .b = &b_});
  }
  for (const auto& bytes : a_.sent) ids.insert(signature_of(bytes).trial_id);
  EXPECT_EQ(ids.size(), 4u);
}

// The other direction's last frame counts as well: here nothing leaves at all on the way back.
TEST_F(TwoWaysTest, TheWaitingTimeIsThatOfTheDirectionThatEndsLast) {
  trial_.waiting_time = 100 * kMillisecond;
  b_.accept_max = 0;
  run_both({.intended_fps = 5'000, .duration = 150 * kMillisecond});
  EXPECT_GE(took_, 249 * kMillisecond);
  EXPECT_LE(took_, 300 * kMillisecond);
}

TEST_F(TwoWaysTest, ALinkThatWentAndCameBackBetweenTwoLooksSpoilsTheTrial) {
  for (FakeDevice* went : {&a_, &b_}) {
    a_.has_sent = false;
    a_.counting = b_.counting = nullptr;
    went->counting = [this](DeviceCounters& now) { now.link_downs = a_.has_sent.load() ? 4 : 3; };
    const TrialResult trial =
        run({.intended_fps = 5'000, .duration = 10 * kMillisecond}, {.a = &a_, .b = &b_});
    EXPECT_EQ(trial.verdict, Verdict::kInvalid);
    EXPECT_EQ(trial.reason, "link: " + went->facts().device + " went down during the trial");
    EXPECT_EQ(trial.directions.at(0).attribution.dut, 0u) << "nobody knows whose";
  }
}

// What the user allows to leave at once says nothing of what may be left out: 64 frames, or the
// share that is given. 200 are intended.
TEST_F(TwoWaysTest, AtMostARoundOrTheGivenShareMayBeLeftOut) {
  const TrialSpec spec{.intended_fps = 2'000, .duration = 100 * kMillisecond};
  const auto verdict_of = [&](std::uint64_t left_out, double ratio) {
    FakeDevice port{2048};
    port.accept_total = 200 - left_out;
    profile_.dst_mac = parse_mac("02:00:00:00:00:01");
    trial_.unsent_ratio = ratio;
    const TrialResult trial = run(spec, {.a = &port});
    EXPECT_EQ(trial.directions.at(0).counts.unsent, left_out);
    return trial.verdict;
  };
  EXPECT_EQ(verdict_of(64, 0), Verdict::kPass);
  EXPECT_EQ(verdict_of(65, 0), Verdict::kInvalid);
  EXPECT_EQ(verdict_of(100, 0.5), Verdict::kPass);
  EXPECT_EQ(verdict_of(101, 0.5), Verdict::kInvalid);
  // A burst of the schedule, where nothing is allowed beyond it.
  trial_.burst_room.reset();
  trial_.schedule = ScheduleKind::kBursty;
  trial_.burst_size = 50;
  EXPECT_EQ(verdict_of(50, 0), Verdict::kPass);
  EXPECT_EQ(verdict_of(51, 0), Verdict::kInvalid);
}

TEST_F(TwoWaysTest, ALinkThatStaysDownEndsTheTrialThoughItIsTheReceivers) {
  clock_.at(clock_.now() + 200 * kMillisecond, [this] { b_.link_up = false; });
  const TrialResult trial =
      run({.intended_fps = 1'000, .duration = 60 * kSecond}, {.a = &a_, .b = &b_});
  EXPECT_LT(took_, 400 * kMillisecond) << "it went on sending into nothing";
  EXPECT_EQ(trial.reason, "link: b went down during the trial");
}

TEST_F(TwoWaysTest, EachLoopRunsOnTheCorePlannedForIt) {
  const auto streams =
      TrialStreams::make(trial_, profile_, {.a = &a_, .b = &b_, .bidirectional = true}, {}, clock_);
  ASSERT_TRUE(streams.has_value());
  const std::vector<WorkerSpec> workers = streams->workers({.tx = {7, 5}, .rx = {2, 3}});
  ASSERT_EQ(workers.size(), 4u);
  const Directions& ways = streams->all();
  const auto expect = [](const WorkerSpec& worker, int cpu, Step* step) {
    EXPECT_EQ(worker.cpu, cpu);
    EXPECT_EQ(worker.steps, std::vector<Step*>{step}) << cpu;
  };
  expect(workers[0], 2, ways[0]->rx_loops().front().get());
  expect(workers[1], 3, ways[1]->rx_loops().front().get());
  expect(workers[2], 5, ways[1]->tx_loops().front().get());
  expect(workers[3], 7, ways[0]->tx_loops().front().get());
}

// The i-th core is taken away i + 1 times, for a millisecond each.
TEST_F(TwoWaysTest, PreemptionsAreThoseOfTheCoreThatRanTheLoop) {
  cores_ = {.tx = {0, 1}, .rx = {2, 3}};
  const Nanoseconds epoch = clock_.now() + kMillisecond;
  for (int core = 0; core < 4; ++core) {
    for (int i = 0; i <= core; ++i) {
      clock_.pre_empt(epoch + (1 + 2 * i) * kMillisecond, kMillisecond, core);
    }
  }
  const TrialResult trial = run_both({.intended_fps = 5'000, .duration = 20 * kMillisecond});
  ASSERT_EQ(trial.directions.size(), 2u);
  const auto expect = [](const PreemptionSummary& told, std::uint64_t times) {
    EXPECT_EQ(told.count, times);
    EXPECT_GE(told.max, kMillisecond);
    ASSERT_EQ(told.log.size(), times);
    EXPECT_LE(told.log.front().at, kMillisecond) << "from the start of the traffic";
    EXPECT_GE(told.log.front().at, kMillisecond - SimulatedTime::kNap);
  };
  expect(trial.directions[0].pacing.preemptions, 1);
  expect(trial.directions[1].pacing.preemptions, 2);
  expect(trial.directions[0].receive_preemptions, 3);
  expect(trial.directions[1].receive_preemptions, 4);
}

TEST_F(TwoWaysTest, SilenceIsANoteOfEveryTrialAndIsToldOnceARun) {
  std::vector<std::string> told;
  const auto measurer = make({.a = &a_, .b = &b_, .bidirectional = true});
  measurer->on_silence([&told](const std::string& sentence) { told.push_back(sentence); });
  for (int i = 0; i < 2; ++i) {
    const auto trial = measurer->measure({.intended_fps = 5'000, .duration = 10 * kMillisecond});
    ASSERT_TRUE(trial.has_value());
    for (const char* words :
         {"sent from a arrived undamaged at b:", "sent from b arrived undamaged at a:"}) {
      const auto says = [words](const std::string& note) {
        return note.find(words) != std::string::npos;
      };
      EXPECT_EQ(std::count_if(trial->notes.begin(), trial->notes.end(), says), 1) << words << i;
    }
  }
  EXPECT_EQ(told.size(), 2u);
}

TEST_F(TwoWaysTest, ThatTheOrderIsNotKnownIsANote) {
  b_.facts_to_set().rx_spread = 4;
  profile_.flows = kSequenceSpacesSpread + 1;
  const TrialResult trial =
      run({.intended_fps = 5'000, .duration = 10 * kMillisecond}, {.a = &a_, .b = &b_});
  EXPECT_TRUE(std::any_of(trial.notes.begin(), trial.notes.end(), [](const std::string& note) {
    return note.find("reordered is an upper bound") != std::string::npos;
  }));
}

}  // namespace
}  // namespace wireproof
