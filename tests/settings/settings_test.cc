// From the flags as typed to what the loops are given: each flag reaches its own place, and no
// other.
#include <gtest/gtest.h>

#include <array>

#include "job/search_job.h"
#include "job/trial_job.h"
#include "settings/asked.h"
#include "settings/loads.h"

namespace wireproof {
namespace {

Asked cable() {
  return between("loopback:a", "loopback:b");
}

Asked with_rate(Asked asked, const char* rate) {
  asked["rate"] = rate;
  return asked;
}

Settings settings(const Asked& asked) {
  auto made = asked.read();
  EXPECT_TRUE(made.has_value()) << made.error().message;
  return made ? *made : Settings{};
}

TEST(Settings, WhatIsNotGivenIsTheDefault) {
  const TestSettings test = settings(cable()).test;
  EXPECT_EQ(test.tx, "loopback:a");
  EXPECT_EQ(test.rx, "loopback:b");
  EXPECT_FALSE(test.bidirectional);
  EXPECT_TRUE(test.profile.permuted_order);
  EXPECT_EQ(test.trial.queues, 1u);
  EXPECT_EQ(test.trial.burst, 1024u);
  EXPECT_FALSE(test.trial.burst_room) << "by the rate";
  EXPECT_EQ(test.trial.delay_every, 1u);
  EXPECT_FALSE(test.trial.end_when_complete);
  EXPECT_EQ(test.rate_layer, RateLayer::kL1);
}

TEST(Settings, EachFlagOfTheTesterReachesItsOwnPlace) {
  Asked text = cable();
  text["bidirectional"] = "true";
  text["flows"] = "12";
  text["flow-order"] = "sequential";
  text["queues"] = "3";
  text["ring"] = "512";
  text["burst"] = "100";
  text["tx-cores"] = "0,2";
  text["rx-cores"] = "1,3";
  text["warm-up"] = "30ms";
  text["waiting-time"] = "70ms";
  text["interval"] = "2s";
  text["latency"] = "1/7";
  text["end-when-complete"] = "true";
  text["tx-stamp"] = "frame";
  text["pacing"] = "precise";
  const TestSettings test = settings(text).test;
  EXPECT_TRUE(test.bidirectional);
  EXPECT_EQ(test.profile.flows, 12u);
  EXPECT_FALSE(test.profile.permuted_order);
  EXPECT_EQ(test.trial.queues, 3u);
  EXPECT_EQ(test.ring_frames, 512u);
  EXPECT_EQ(test.trial.burst, 100u);
  EXPECT_EQ(test.trial.burst_room, 100u);
  EXPECT_EQ(test.tx_cores, (CpuList{0, 2}));
  EXPECT_EQ(test.rx_cores, (CpuList{1, 3}));
  EXPECT_EQ(test.trial.warm_up, 30 * kMillisecond);
  EXPECT_EQ(test.trial.waiting_time, 70 * kMillisecond);
  EXPECT_EQ(test.trial.interval, 2 * kSecond);
  EXPECT_EQ(test.trial.delay_every, 7u);
  EXPECT_TRUE(test.trial.end_when_complete);
  EXPECT_EQ(test.trial.tx_stamp, TxStamp::kFrame);
  EXPECT_EQ(test.trial.pacing, PacingMode::kPrecise);
}

TEST(Settings, DelaysOfAllOfSomeOrOfNone) {
  Asked text = cable();
  for (const auto& [flag, every] :
       {std::pair{"all", 1u}, std::pair{"1/1000", 1000u}, std::pair{"off", 0u}}) {
    text["latency"] = flag;
    EXPECT_EQ(settings(text).test.trial.delay_every, every) << flag;
  }
}

TEST(Settings, ABurstyScheduleMayLeaveAsItIsDue) {
  Asked text = cable();
  text["schedule"] = "bursty";
  text["burst-size"] = "64";
  text["burst"] = "16";
  const PacketTrialSpec trial = settings(text).test.trial;
  EXPECT_EQ(trial.schedule, ScheduleKind::kBursty);
  EXPECT_EQ(trial.burst_size, 64u);
  EXPECT_EQ(trial.burst, 64u) << "what is due at once must be allowed to leave at once";
  EXPECT_EQ(trial.burst_room, 16u) << "what the user says the device holds";
}

TEST(Settings, ReceiverNoneIsNoReceiver) {
  Asked text = between("loopback:a", "none");
  text["dst-mac"] = "02:00:00:00:00:01";
  EXPECT_FALSE(settings(text).test.rx);
  text["rx"] = "loopback:none";
  EXPECT_EQ(settings(text).test.rx, "loopback:none");
}

TEST(Settings, EachNumberOfTheHeadersReachesItsOwnPlaceBothWays) {
  Asked text = cable();
  text["size"] = "128";
  text["src-port"] = "1000";
  text["dst-port"] = "2000";
  text["dscp"] = "46";
  text["ttl"] = "7";
  text["vlan"] = "300";
  const TrafficProfile profile = settings(text).test.profile;
  for (const bool reverse : {false, true}) {
    const auto headers = header_spec(profile, reverse);
    ASSERT_TRUE(headers.has_value());
    EXPECT_EQ(headers->src_l4_port, 1000);
    EXPECT_EQ(headers->dst_l4_port, 2000);
    EXPECT_EQ(headers->dscp, 46);
    EXPECT_EQ(headers->ttl, 7);
    EXPECT_EQ(headers->vlan, 300);
  }
}

// 64-byte frames: 84 bytes on the wire, 64 of the frame, 46 behind the Ethernet header; with a tag
// the 68-byte frame has 46 as well.
TEST(Settings, BitsASecondAreOfTheLayerThatIsNamed) {
  Asked text = cable();
  const auto frames = [&text](const char* layer, double size) {
    text["rate-layer"] = layer;
    const Settings made = settings(with_rate(text, "84Mbps"));
    return *rate_to_fps(made.trial.rate, "--rate", made.test, size, 0);
  };
  EXPECT_DOUBLE_EQ(frames("l1", 64), 84e6 / 8 / 84);
  EXPECT_DOUBLE_EQ(frames("l2", 64), 84e6 / 8 / 64);
  EXPECT_DOUBLE_EQ(frames("l3", 64), 84e6 / 8 / 46);
  text["vlan"] = "5";
  text["size"] = "68";
  EXPECT_DOUBLE_EQ(frames("l3", 68), 84e6 / 8 / 46);
}

// RFC 2544 appendix B: 14,880 frames of 64 bytes a second are 10 Mbit/s.
TEST(Settings, PercentIsOfTheLineRateWithPreambleAndGap) {
  Asked text = cable();
  for (const char* layer : {"l1", "l2", "l3"}) {  // the line does not know of layers
    text["rate-layer"] = layer;
    const Settings made = settings(with_rate(text, "50%"));
    EXPECT_DOUBLE_EQ(*rate_to_fps(made.trial.rate, "--rate", made.test, 64, 10e6),
                     10e6 / 8 / 84 / 2);
  }
}

// Each size is sent at the load that its own bytes make of the rate: 84, 148 and 1538 bytes.
TEST(Settings, EachSizeOfATrialHasTheLoadOfItsOwnBytes) {
  Asked text = cable();
  text["size"] = "64,128,1518";
  const Settings made = settings(with_rate(text, "100%"));
  EXPECT_EQ(made.test.profile.sizes, (std::vector<std::uint32_t>{64}));
  const auto planned = plan_trials(made, 1e9);
  ASSERT_TRUE(planned.has_value());
  ASSERT_EQ(planned->size(), 3u);
  const std::array<std::uint32_t, 3> sizes{64, 128, 1518};
  for (std::size_t i = 0; i < 3; ++i) {
    const PlannedTrial& one = (*planned)[i];
    EXPECT_EQ(one.profile.sizes, (std::vector<std::uint32_t>{sizes[i]}));
    EXPECT_EQ(one.spec.id, i + 1);
    EXPECT_EQ(one.spec.frame_size, sizes[i]);
    EXPECT_EQ(one.spec.mean_frame_size, 0);  // no mix
    EXPECT_FALSE(one.spec.max_rate);
    EXPECT_DOUBLE_EQ(one.spec.intended_fps, 1e9 / 8 / (sizes[i] + 20));
    EXPECT_EQ(one.spec.duration, 10 * kSecond);
  }
}

TEST(Settings, AMixHasTheLoadOfItsMean) {
  Asked text = cable();
  text["size"] = "imix";  // seven of 64, four of 570, one of 1518
  const double mean = (7 * 64 + 4 * 570 + 1518) / 12.0;
  const auto planned = plan_trials(settings(with_rate(text, "1Gbps")), 0);
  ASSERT_TRUE(planned.has_value());
  EXPECT_DOUBLE_EQ(planned->at(0).spec.mean_frame_size, mean);
  EXPECT_EQ(planned->at(0).spec.frame_size, 354u);
  EXPECT_DOUBLE_EQ(planned->at(0).spec.intended_fps, 1e9 / 8 / (mean + 20));
}

TEST(Settings, EachSearchHasTheBoundsOfItsOwnBytes) {
  Asked text(Verb::kSearch);
  text["tx"] = "loopback:a";
  text["rx"] = "loopback:b";
  text["size"] = "64,512";
  text.set("goal", {"ndr", "pdr", "loss=2%"});
  text["precision"] = "1%";
  text["trial-duration"] = "2s";
  text["final-duration"] = "9s";
  text["time-limit"] = "90s";
  text["max-rate"] = "50%";
  text["min-rate"] = "1Mbps";
  const auto made = text.read();
  ASSERT_TRUE(made.has_value()) << made.error().message;
  const auto run = plan_searches(*made, 1e9);
  ASSERT_TRUE(run.has_value()) << run.error().message;
  EXPECT_EQ(run->time_limit, 90 * kSecond);
  ASSERT_EQ(run->sizes.size(), 2u);
  const std::array<std::uint32_t, 2> sizes{64, 512};
  const std::array<double, 3> goals{0, 0.005, 0.02};
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(run->sizes[i].goals.size(), 3u);
    for (std::size_t j = 0; j < 3; ++j) {
      const SearchSpec& spec = run->sizes[i].goals[j];
      EXPECT_EQ(spec.frame_size, sizes[i]);
      EXPECT_EQ(spec.mean_frame_size, 0);
      EXPECT_DOUBLE_EQ(spec.max_fps, 1e9 / 8 / (sizes[i] + 20) / 2);
      EXPECT_DOUBLE_EQ(spec.min_fps, 1e6 / 8 / (sizes[i] + 20));
      EXPECT_DOUBLE_EQ(spec.goal.loss_ratio, goals[j]);
      EXPECT_DOUBLE_EQ(spec.precision, 0.01);
      EXPECT_EQ(spec.trial_duration, 2 * kSecond);
      EXPECT_EQ(spec.final_duration, 9 * kSecond);
    }
  }
}

TEST(Settings, ACalibrationEndsEachTrialWhenAllHasCome) {
  Asked text(Verb::kCalibrate);
  text["tx"] = "loopback:a";
  text["rx"] = "loopback:b";
  text["trial-duration"] = "250ms";
  const Settings made = settings(text);
  EXPECT_TRUE(made.test.trial.end_when_complete);
  EXPECT_EQ(made.calibrate.ceiling.final_duration, 250 * kMillisecond);
}

}  // namespace
}  // namespace wireproof
