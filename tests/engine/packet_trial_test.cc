#include "engine/packet_trial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "engine/header_choice.h"
#include "io/backend_set.h"
#include "loopback/loopback.h"
#include "support/relayed_device.h"
#include "support/simulated_time.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

// Two ends of a loopback wire and a measurer between them, in simulated time.
class PacketTrialTest : public testing::Test {
 protected:
  PacketTrialTest() { backends_.backends.push_back(make_loopback_backend()); }

  Result<TrialResult> run(const std::string& impairment, TrialSpec spec, bool bidirectional = false,
                          unsigned queues = 1) {
    const Result<Steering> steering = steering_for(profile_);
    const OpenSpec open{.queues = queues,
                        .ring_frames = 16'384,
                        .buffer_len_max = 1514,
                        .steering = *steering,
                        .clock = &clock_};
    auto a = open_port(backends_, *parse_port_spec(backends_, "loopback:a" + impairment), open);
    auto b = open_port(backends_, *parse_port_spec(backends_, "loopback:b"), open);
    EXPECT_TRUE(a.has_value() && b.has_value());
    if (around_receiver_) *b = around_receiver_(std::move(*b));
    const CorePlan cores = *plan_cores({.allowed = allowed_cpus(),
                                        .tx_loops = queues * (bidirectional ? 2u : 1u),
                                        .rx_loops = queues * (bidirectional ? 2u : 1u)});
    trial_.queues = queues;
    auto measurer = PacketMeasurer::make(
        trial_, profile_, {.a = a->get(), .b = b->get(), .bidirectional = bidirectional}, cores,
        clock_, interrupted_, observer_);
    if (!measurer) return tl::unexpected(measurer.error());
    (*measurer)->run_on(clock_.workers());
    (*measurer)->on_silence([this](const std::string& sentence) { silence_.push_back(sentence); });
    auto result = (*measurer)->measure(spec);
    if (trial_.log_frames > 0) read_log(**measurer);
    return result;
  }

  void read_log(const PacketMeasurer& measurer) {
    std::FILE* file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    EXPECT_TRUE(measurer.write_arrivals(7, file, "log").has_value());
    std::rewind(file);
    std::array<char, 256> line{};
    while (std::fgets(line.data(), line.size(), file) != nullptr) log_.emplace_back(line.data());
    std::fclose(file);
  }

  // What the receiving port is handed to, if anything.
  std::function<std::unique_ptr<Device>(std::unique_ptr<Device>)> around_receiver_;
  std::vector<std::string> log_;  // lines
  IntervalObserver observer_;
  std::vector<std::string> silence_;
  BackendSet backends_;
  SimulatedTime clock_;
  std::atomic<bool> interrupted_{false};
  TrafficProfile profile_;
  PacketTrialSpec trial_{.warm_up = 20 * kMillisecond, .waiting_time = 100 * kMillisecond};
};

TEST_F(PacketTrialTest, CleanWirePassesAndAddsUp) {
  profile_.flows = 16;
  const auto trial = run("", {.intended_fps = 50'000, .duration = 200 * kMillisecond});
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->verdict, Verdict::kPass) << trial->reason;
  const DirectionResult& one = trial->directions.at(0);
  EXPECT_EQ(one.counts.intended, 10'000u);
  EXPECT_EQ(one.counts.lost, 0u);
  EXPECT_EQ(one.counts.received, 10'000u);
  EXPECT_EQ(one.counts.stale, 0u);
  EXPECT_EQ(one.flows_sent, 16u);
  EXPECT_EQ(one.sequence_scope, "flow");
  EXPECT_EQ(check_identities(one), "");
  ASSERT_TRUE(one.delay.has_value());
  EXPECT_EQ(one.delay->actual.samples, one.counts.unique);
}

TEST_F(PacketTrialTest, ASpoiledWireFailsAndEveryIdentityHolds) {
  profile_.flows = 64;
  const auto trial = run(",loss=0.01,duplicate=0.01,reorder=0.02,corrupt=0.01,seed=3",
                         {.intended_fps = 100'000, .duration = 300 * kMillisecond}, true);
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->verdict, Verdict::kFail) << trial->reason;
  ASSERT_EQ(trial->directions.size(), 2u);
  const Counts& there = trial->directions[0].counts;
  // 1 % each of 30,000, within five times the root of it.
  EXPECT_EQ(there.offered, 30'000u);
  EXPECT_NEAR(static_cast<double>(there.lost), 600, 5 * 24.5);
  EXPECT_NEAR(static_cast<double>(there.corrupt), 300, 5 * 17.3);
  EXPECT_NEAR(static_cast<double>(there.duplicate), 300, 5 * 17.3);
  EXPECT_EQ(trial->directions[0].attribution.dut, there.lost);
  EXPECT_EQ(trial->directions[1].counts.lost, 0u);
  for (const auto& one : trial->directions) EXPECT_EQ(check_identities(one), "");
}

bool mentions(const std::string& text, const char* words) {
  return text.find(words) != std::string::npos;
}

TEST_F(PacketTrialTest, NothingThatComesBackIsSaidOnceAndEarly) {
  trial_.warm_up = 100 * kMillisecond;
  const auto lost = run(",loss=1", {.intended_fps = 1'000, .duration = 100 * kMillisecond});
  ASSERT_TRUE(lost.has_value());
  ASSERT_EQ(silence_.size(), 1u);
  EXPECT_TRUE(mentions(silence_[0], "of the warm-up sent from a")) << silence_[0];
  EXPECT_TRUE(mentions(silence_[0], "02:77:70:00:00:0b")) << silence_[0];
  EXPECT_EQ(std::count(lost->notes.begin(), lost->notes.end(), silence_[0]), 1);
}

TEST_F(PacketTrialTest, TheFirstSecondTellsWhereThereIsNoWarmUp) {
  trial_.warm_up = 0;
  run(",loss=1", {.intended_fps = 100, .duration = 1'200 * kMillisecond});
  ASSERT_EQ(silence_.size(), 1u);
  EXPECT_TRUE(mentions(silence_[0], "none of the first ")) << silence_[0];
  silence_.clear();
  run(",loss=1", {.intended_fps = 20, .duration = 100 * kMillisecond});
  ASSERT_EQ(silence_.size(), 1u) << "at the end at the latest";
  EXPECT_TRUE(mentions(silence_[0], "none of the 2 frames")) << silence_[0];
}

TEST_F(PacketTrialTest, WhatComesBackAtAllIsNoSilence) {
  // The last of these: all of it too late.
  for (const char* impairment : {",loss=0.9,seed=2", ",corrupt=1", ",delay=50ms", ",delay=210ms"}) {
    trial_.warm_up = 0;
    trial_.waiting_time = 100 * kMillisecond;
    run(impairment, {.intended_fps = 1'000, .duration = 100 * kMillisecond});
    EXPECT_TRUE(silence_.empty()) << impairment << ": " << silence_.front();
  }
}

TEST_F(PacketTrialTest, SeveralQueuesAddUpToOneResult) {
  profile_.flows = 10;
  const auto trial = run("", {.intended_fps = 40'000, .duration = 100 * kMillisecond}, false, 2);
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->verdict, Verdict::kPass) << trial->reason;
  EXPECT_EQ(trial->directions.at(0).counts.intended, 4000u);
  EXPECT_EQ(trial->directions.at(0).flows_sent, 10u);
}

TEST_F(PacketTrialTest, QueuesShareTheFramesThatOneWouldSend) {
  profile_.flows = 64;
  trial_.warm_up = 0;
  for (const auto& [queues, fps, duration, frames] :
       {std::tuple{64u, 100.0, 500 * kMillisecond, 50u},
        {3u, 10.0, 300 * kMillisecond, 3u},
        {2u, 1.0, kSecond, 1u}}) {
    const auto trial = run("", {.intended_fps = fps, .duration = duration}, true, queues);
    ASSERT_TRUE(trial.has_value());
    for (const DirectionResult& one : trial->directions) {
      EXPECT_EQ(one.counts.intended, frames) << queues;
      EXPECT_EQ(one.counts.offered, frames) << queues;
      EXPECT_EQ(one.counts.lost, 0u);
      // A queue that sent nothing has no first frame: it would make this the host's uptime.
      EXPECT_LT(one.tx_duration, 2 * duration) << queues;
    }
  }
}

// What a live line is made of: the delays of its interval, and bounds of what is lost.
TEST_F(PacketTrialTest, WhileItRunsDelaysAndBoundsAreTold) {
  std::uint64_t delays = 0;
  std::uint64_t missing = 0;
  std::size_t told = 0;
  observer_ = [&](const DirectionResult& so_far) {
    ++told;
    delays += so_far.intervals.back().delay.samples;
    missing = so_far.counts.offered - so_far.counts.unique;
    EXPECT_LE(so_far.counts.lost, missing);
  };
  trial_.interval = 10 * kMillisecond;
  const auto trial = run(",loss=20%", {.intended_fps = 10'000, .duration = 300 * kMillisecond});
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(told,
            trial->directions.at(0).intervals.size());  // the last, cut one and the waiting too
  EXPECT_EQ(delays, trial->directions.at(0).counts.unique);
  EXPECT_GT(missing, 0u);
}

// Drops 500 frames in the warm-up, and none after it.
class DroppingAtFirst final : public RelayedDevice {
 public:
  DroppingAtFirst(std::unique_ptr<Device> inner, const Clock& clock)
      : RelayedDevice(*inner), owned_(std::move(inner)), clock_(clock), opened_(clock.now()) {}
  [[nodiscard]] Result<DeviceCounters> counters() override {
    Result<DeviceCounters> now = inner_.counters();
    if (now) now->rx_ring_dropped = clock_.now() - opened_ > 10 * kMillisecond ? 500 : 0;
    return now;
  }

 private:
  std::unique_ptr<Device> owned_;
  const Clock& clock_;
  Nanoseconds opened_;
};

TEST_F(PacketTrialTest, WhatTheWarmUpLostExplainsNothing) {
  around_receiver_ = [this](std::unique_ptr<Device> inner) {
    return std::make_unique<DroppingAtFirst>(std::move(inner), clock_);
  };
  const auto trial = run(",loss=20%", {.intended_fps = 10'000, .duration = 300 * kMillisecond});
  ASSERT_TRUE(trial.has_value());
  const DirectionResult& one = trial->directions.at(0);
  EXPECT_GT(one.counts.lost, 400u);
  EXPECT_EQ(one.attribution.rx_ring, 0u);
  EXPECT_EQ(one.attribution.dut, one.counts.lost);
}

// A device that has room for them is not full of learning frames when the count begins.
TEST_F(PacketTrialTest, NoMoreFramesWarmUpThanAreCounted) {
  trial_.warm_up = kSecond;
  const auto trial = run(",rate=1kpps,queue=20,blocked=500ms",
                         {.max_rate = true, .frames = 21, .duration = 10 * kSecond});
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->directions.at(0).counts.offered, 21u);
  EXPECT_EQ(trial->directions.at(0).counts.lost, 0u);
}

TEST_F(PacketTrialTest, MixOfSizesAndMaximumRate) {
  profile_.sizes = *parse_size_mix("imix");
  trial_.warm_up = 0;
  const auto trial = run("", {.max_rate = true, .duration = 50 * kMillisecond});
  ASSERT_TRUE(trial.has_value());
  const Counts& counts = trial->directions.at(0).counts;
  EXPECT_EQ(counts.intended, counts.offered);
  EXPECT_GT(counts.offered, 100u);
  EXPECT_EQ(counts.unique + counts.lost, counts.offered);
}

TEST_F(PacketTrialTest, MoreThanTheTesterCanIsInvalidAndNeverTheDevicesFault) {
  trial_.unsent_ratio = 0.001;
  const auto trial = run("", {.intended_fps = 1e9, .duration = 50 * kMillisecond});
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->verdict, Verdict::kInvalid);
  EXPECT_NE(trial->reason.find("tx shortfall"), std::string::npos) << trial->reason;
  const DirectionResult& one = trial->directions.at(0);
  EXPECT_EQ(one.counts.unsent, one.attribution.tx_shortfall);
  EXPECT_GT(one.counts.unsent, 0u);
}

TEST_F(PacketTrialTest, ManyFlowsShareSequenceSpaces) {
  profile_.flows = 10'000;
  const auto trial = run("", {.intended_fps = 13'000, .duration = kSecond});
  ASSERT_TRUE(trial.has_value());
  const DirectionResult& one = trial->directions.at(0);
  EXPECT_EQ(one.sequence_scope, "flow_group");
  EXPECT_EQ(one.sequence_spaces, kSequenceSpacesMax);
  ASSERT_GT(one.counts.offered, 3 * kSequenceSpacesMax);  // every member of a group had its turn
  EXPECT_EQ(one.flows_sent, 10'000u);
  EXPECT_EQ(check_identities(one), "");
}

TEST_F(PacketTrialTest, AFullFrameLogIsToldInTheNotes) {
  trial_.log_frames = 100;
  const auto trial = run("", {.intended_fps = 20'000, .duration = 50 * kMillisecond});
  ASSERT_TRUE(trial.has_value());
  const std::string told =
      "900 arrivals are not in the frame log, which is full: give a larger --frame-log-frames";
  EXPECT_EQ(std::count(trial->notes.begin(), trial->notes.end(), told), 1) << told;
  ASSERT_EQ(log_.size(), 100u);
  for (std::size_t i = 0; i < log_.size(); ++i) {
    EXPECT_TRUE(log_[i].starts_with("7,forward,0,0," + std::to_string(i) + ",")) << log_[i];
    EXPECT_TRUE(log_[i].ends_with(",in_order\n")) << log_[i];
  }
}

TEST_F(PacketTrialTest, WhatIsNotInTheLogsOfSeveralQueuesIsToldAsOneNumber) {
  trial_.log_frames = 100;
  profile_.flows = 2;
  const auto trial = run("", {.intended_fps = 20'000, .duration = 50 * kMillisecond}, false, 2);
  ASSERT_TRUE(trial.has_value());
  EXPECT_TRUE(std::any_of(trial->notes.begin(), trial->notes.end(), [](const std::string& note) {
    return note.starts_with("800 arrivals are not in the frame log");
  }));
}

TEST_F(PacketTrialTest, AFrameLogWithRoomHasEveryArrivalOfBothWays) {
  trial_.log_frames = 10'000;
  profile_.flows = 4;
  const auto trial = run(",duplicate=0.05,seed=2",
                         {.intended_fps = 20'000, .duration = 50 * kMillisecond}, true, 2);
  ASSERT_TRUE(trial.has_value());
  for (const std::string& note : trial->notes) EXPECT_EQ(note.find("log"), std::string::npos);
  const auto lines = [this](const std::string& begin, const std::string& end) {
    return static_cast<std::uint64_t>(std::count_if(
        log_.begin(), log_.end(),
        [&](const std::string& line) { return line.starts_with(begin) && line.ends_with(end); }));
  };
  const Counts& there = trial->directions.at(0).counts;
  EXPECT_NEAR(static_cast<double>(there.duplicate), 50, 5 * 7.1);
  EXPECT_EQ(lines("7,forward,", ",duplicate\n"), there.duplicate);
  EXPECT_EQ(lines("7,forward,", ",in_order\n"), there.unique);
  EXPECT_EQ(lines("7,reverse,", ",in_order\n"), trial->directions.at(1).counts.unique);
  EXPECT_NEAR(static_cast<double>(lines("7,forward,1,", "\n")), 525, 30) << "a second queue";
}

TEST_F(PacketTrialTest, EachScheduleIsKeptAndNamedWithItsPauses) {
  for (const ScheduleKind kind :
       {ScheduleKind::kConstant, ScheduleKind::kPoisson, ScheduleKind::kBursty}) {
    trial_.schedule = kind;
    trial_.burst_size = kind == ScheduleKind::kBursty ? 64 : 1;
    trial_.pacing = kind == ScheduleKind::kPoisson ? PacingMode::kPrecise : PacingMode::kBurst;
    const auto trial = run("", {.intended_fps = 20'000, .duration = 100 * kMillisecond});
    ASSERT_TRUE(trial.has_value());
    const DirectionResult& one = trial->directions.at(0);
    const auto intended = static_cast<double>(one.counts.intended);
    EXPECT_NEAR(intended, 2000, kind == ScheduleKind::kPoisson ? 5 * 44.7 : 0);
    EXPECT_EQ(check_identities(one), "");
    const PacingSummary& pacing = one.pacing;
    EXPECT_EQ(pacing.schedule, word_of(kScheduleWords, kind));
    EXPECT_EQ(pacing.mode, kind == ScheduleKind::kPoisson ? "precise" : "burst");
    EXPECT_EQ(pacing.gap_target, 50'000);
    ASSERT_TRUE(pacing.lateness && pacing.gap);
    EXPECT_EQ(pacing.lateness->samples, one.counts.offered);
    EXPECT_EQ(pacing.gap->samples, one.counts.offered - 1);
    EXPECT_GE(pacing.lateness_max, pacing.lateness->max);
    ASSERT_TRUE(one.delay && one.delay->scheduled);
    EXPECT_EQ(one.delay->scheduled->samples, one.delay->actual.samples);
    EXPECT_GE(one.delay->scheduled->mean, one.delay->actual.mean);
    for (const PreemptionSummary* preemptions : {&pacing.preemptions, &one.receive_preemptions}) {
      EXPECT_EQ(preemptions->threshold, 2 * kMicrosecond);
      EXPECT_EQ(preemptions->busy_threshold,
                (kind == ScheduleKind::kPoisson ? 10 : 100) * kMicrosecond);
      EXPECT_EQ(preemptions->log.size(),
                std::min<std::uint64_t>(preemptions->count, PreemptionLog::kLogMax));
      EXPECT_GE(preemptions->total, preemptions->max);
    }
  }
}

TEST_F(PacketTrialTest, FewerFlowsThanQueuesAreRefused) {
  const auto trial = run("", {.intended_fps = 1000, .duration = kMillisecond}, false, 2);
  ASSERT_FALSE(trial.has_value());
  EXPECT_EQ(trial.error().kind, ErrorKind::kUsage);
}

// Here the way there alone is slow: its last 190 frames come after the waiting time.
TEST_F(PacketTrialTest, FramesThatAreLateOneWayAreListenedForUpToAnotherWaitingTime) {
  trial_.warm_up = 0;
  trial_.waiting_time = 200 * kMillisecond;
  const auto trial =
      run(",delay=390ms", {.intended_fps = 1'000, .duration = 600 * kMillisecond}, true);
  ASSERT_TRUE(trial.has_value());
  const DirectionResult& there = trial->directions.at(0);
  EXPECT_GE(there.counts.late, 189u);
  EXPECT_EQ(there.counts.lost, there.counts.late);
  EXPECT_EQ(there.attribution.late, there.counts.late);
}

TEST_F(PacketTrialTest, TheClockIsLookedAfterTenTimesASecond) {
  run("", {.intended_fps = 1'000, .duration = 500 * kMillisecond});
  EXPECT_GE(clock_.maintained(), 5u);
}

}  // namespace
}  // namespace wireproof
