// When a trial's traffic ends, how long it is listened to, and what its rates are over.
#include <gtest/gtest.h>

#include <cstring>
#include <deque>

#include "engine/header_choice.h"
#include "engine/packet_trial.h"
#include "io/backend_set.h"
#include "loopback/loopback.h"
#include "support/relayed_device.h"
#include "support/simulated_time.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

// A port that hands out every frame once more, `kLater` after its first copy.
class CopyingPort final : public RelayedDevice, public RxQueue {
 public:
  static constexpr Nanoseconds kLater = 100 * kMillisecond;

  CopyingPort(Device& inner, const Clock& clock) : RelayedDevice(inner), clock_(clock) {}

  [[nodiscard]] RxQueue& rx_queue(unsigned) override { return *this; }

  std::size_t poll(std::span<Frame*> out) override {
    const Nanoseconds now = clock_.now();
    if (!copies_.empty() && copies_.front().due <= now) {
      again_ = copies_.front();
      copies_.pop_front();
      frame_ = {.data = again_.bytes.data(),
                .stamp = again_.due,
                .length = static_cast<std::uint16_t>(again_.bytes.size()),
                .capacity = static_cast<std::uint16_t>(again_.bytes.size())};
      out[0] = &frame_;
      return 1;
    }
    const std::size_t count = inner_.rx_queue(0).poll(out);
    for (const Frame* frame : out.first(count)) {
      copies_.push_back({{frame->data, frame->data + frame->length}, now + kLater});
    }
    return count;
  }
  void release(std::span<Frame* const> frames) override {
    if (!frames.empty() && frames[0] == &frame_) return;
    inner_.rx_queue(0).release(frames);
  }

 private:
  struct Copy {
    std::vector<std::uint8_t> bytes;
    Nanoseconds due = 0;
  };
  const Clock& clock_;
  std::deque<Copy> copies_;
  Copy again_;
  Frame frame_;
};

class TrialTimeTest : public testing::Test {
 protected:
  TrialTimeTest() { backends_.backends.push_back(make_loopback_backend()); }

  TrialResult run(const std::string& impairment, const TrialSpec& spec, bool bidirectional = false,
                  bool copies = false) {
    const Result<Steering> steering = steering_for(profile_);
    const OpenSpec open{
        .ring_frames = 4096, .buffer_len_max = 1514, .steering = *steering, .clock = &clock_};
    auto a = open_port(backends_, *parse_port_spec(backends_, "loopback:a" + impairment), open);
    auto b = open_port(backends_, *parse_port_spec(backends_, "loopback:b" + impairment), open);
    CopyingPort copying(**b, clock_);
    const unsigned loops = bidirectional ? 2 : 1;
    auto measurer = PacketMeasurer::make(
        trial_, profile_,
        {.a = a->get(), .b = copies ? &copying : b->get(), .bidirectional = bidirectional},
        *plan_cores({.allowed = allowed_cpus(), .tx_loops = loops, .rx_loops = loops}), clock_,
        interrupted_, {});
    EXPECT_TRUE(measurer.has_value());
    (*measurer)->run_on(clock_.workers());
    const Nanoseconds start = clock_.now();
    auto result = (*measurer)->measure(spec);
    took_ = clock_.now() - start;
    EXPECT_TRUE(result.has_value()) << result.error().message;
    for (const DirectionResult& one : result->directions) EXPECT_EQ(check_identities(one), "");
    return *std::move(result);
  }

  BackendSet backends_;
  SimulatedTime clock_;
  std::atomic<bool> interrupted_{false};
  TrafficProfile profile_;
  Nanoseconds took_ = 0;
  PacketTrialSpec trial_{.warm_up = 0, .waiting_time = 200 * kMillisecond};
};

TEST_F(TrialTimeTest, OnlyWhatComesAfterTheWaitingTimeIsLateHoweverLongItTook) {
  const TrialResult trial =
      run(",delay=300ms", {.intended_fps = 1000, .duration = 600 * kMillisecond}, true);
  ASSERT_EQ(trial.directions.size(), 2u);
  for (const DirectionResult& one : trial.directions) {
    // The last frame is due 599 ms after the start, and what was sent 100 ms before it or earlier
    // is there 200 ms after it: late are those of 500 to 599 ms, or all but the first of them.
    EXPECT_GE(one.counts.late, 99u);
    EXPECT_LE(one.counts.late, 100u);
    EXPECT_EQ(one.counts.lost, one.counts.late);
    EXPECT_EQ(one.attribution.late, one.counts.late) << "all of them were listened for";
    ASSERT_TRUE(one.delay.has_value());
    EXPECT_EQ(one.delay->actual.samples, one.counts.unique);
    EXPECT_GE(one.delay->actual.min, 300 * kMillisecond);
  }
}

TEST_F(TrialTimeTest, ACopyThatFollowsWithinTheWaitingTimeIsCounted) {
  const TrialSpec spec{.intended_fps = 1000, .duration = 200 * kMillisecond};
  const TrialResult trial = run("", spec, false, true);
  const Counts& counts = trial.directions.at(0).counts;
  EXPECT_EQ(counts.unique, 200u);
  EXPECT_EQ(counts.duplicate, 200u);
  EXPECT_GE(took_, 399 * kMillisecond);
  EXPECT_LE(took_, 440 * kMillisecond);
}

TEST_F(TrialTimeTest, WhoWantsItQuickEndsWithTheLastFirstCopy) {
  trial_.end_when_complete = true;
  trial_.waiting_time = 20 * kSecond;
  const TrialSpec spec{.intended_fps = 1000, .duration = 200 * kMillisecond};
  const TrialResult trial = run("", spec, false, true);
  const Counts& counts = trial.directions.at(0).counts;
  EXPECT_EQ(counts.unique, 200u);
  // Of the copies, which are 100 ms behind, those that came before the last frame.
  EXPECT_NEAR(static_cast<double>(counts.duplicate), 120, 21);
  EXPECT_LT(took_, 240 * kMillisecond);
}

TEST_F(TrialTimeTest, RatesAreOverTheTimeAskedForWhateverTheSchedule) {
  trial_.waiting_time = 50 * kMillisecond;
  const TrialSpec spec{.intended_fps = 1000, .duration = 400 * kMillisecond};
  for (const ScheduleKind kind :
       {ScheduleKind::kConstant, ScheduleKind::kPoisson, ScheduleKind::kBursty}) {
    trial_.schedule = kind;
    trial_.burst_size = kind == ScheduleKind::kBursty ? 400 : 1;
    const TrialResult trial = run("", spec);
    const Counts& counts = trial.directions.at(0).counts;
    EXPECT_EQ(trial.duration, spec.duration);
    EXPECT_GE(took_, spec.duration) << "the traffic lasts as long as it was asked to";
    if (kind == ScheduleKind::kPoisson) {
      EXPECT_NEAR(offered_fps(trial), static_cast<double>(counts.offered) / 0.4, 1e-6);
    } else {
      EXPECT_EQ(counts.intended, 400u);
      EXPECT_LE(offered_fps(trial), 1000);
    }
    EXPECT_LE(forwarding_fps(trial), offered_fps(trial));
    // The series parts the traffic from the waiting: nothing is sent in the last interval.
    const std::vector<Interval>& series = trial.directions.at(0).intervals;
    if (kind == ScheduleKind::kBursty) {  // its only burst left at the start: nobody waits
      ASSERT_EQ(series.size(), 1u);
      continue;
    }
    ASSERT_EQ(series.size(), 2u);
    EXPECT_EQ(series.back().offered, 0u);
    EXPECT_GE(series.back().start, spec.duration);
  }
}

TEST_F(TrialTimeTest, ATrialThatIsStoppedHasTheRateOfWhatRanAndLosesNothingByIt) {
  clock_.at(clock_.now() + 400 * kMillisecond, [this] { interrupted_ = true; });
  const TrialResult trial =
      run(",delay=30ms", {.intended_fps = 1000, .duration = 60 * kSecond}, true);
  EXPECT_TRUE(trial.interrupted);
  EXPECT_LT(took_, 500 * kMillisecond);
  EXPECT_LT(trial.duration, took_);
  ASSERT_EQ(trial.directions.size(), 2u);
  for (const DirectionResult& one : trial.directions) {
    EXPECT_EQ(one.counts.lost, 0u) << "what was on its way was waited for";
    // One more frame than whole gaps: the first is due at 0. What is pending at the cut counts.
    const double intended = static_cast<double>(trial.duration) / 1e6 + 1;
    EXPECT_GE(static_cast<double>(one.counts.intended), intended - 1.001);
    EXPECT_LE(static_cast<double>(one.counts.intended), intended + 0.001);
  }
}

TEST_F(TrialTimeTest, WhatAStoppedTrialDidNotWaitForIsNobodysLoss) {
  trial_.waiting_time = 30 * kSecond;
  clock_.at(clock_.now() + 200 * kMillisecond, [this] { interrupted_ = true; });
  const TrialResult trial = run(",delay=10s", {.intended_fps = 1000, .duration = 60 * kSecond});
  EXPECT_TRUE(trial.interrupted);
  EXPECT_LE(took_, 300 * kMillisecond);
  const DirectionResult& one = trial.directions.at(0);
  EXPECT_GT(one.counts.lost, 0u);
  EXPECT_EQ(one.attribution.dut, 0u);
  EXPECT_EQ(one.attribution.not_attributable, one.counts.lost);
}

TEST_F(TrialTimeTest, WhoStopsATrialThatWaitsIsNotKeptWaiting) {
  trial_.waiting_time = 30 * kSecond;
  clock_.at(clock_.now() + kSecond, [this] { interrupted_ = true; });
  const TrialResult trial =
      run(",loss=10%,seed=2", {.intended_fps = 1000, .duration = 200 * kMillisecond});
  EXPECT_TRUE(trial.interrupted);
  EXPECT_GE(took_, kSecond);
  EXPECT_LE(took_, kSecond + 100 * kMillisecond);
}

}  // namespace
}  // namespace wireproof
