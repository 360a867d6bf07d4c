#include <gtest/gtest.h>

#include <thread>

#include "engine/fake_device.h"
#include "engine/packet_trial.h"

namespace wireproof {
namespace {

using testing::FakeDevice;

// A minute's trial on a port to which `happen` happens while it sends.
class LinkLossTest : public ::testing::Test {
 protected:
  Result<TrialResult> run(void (*happen)(FakeDevice&)) {
    profile_.dst_mac = parse_mac("02:00:00:00:00:01");
    auto measurer = PacketMeasurer::make(
        {.warm_up = 0, .idle = IdlePolicy::kSleep}, profile_, {.a = &device_},
        *plan_cores({.allowed = allowed_cpus(), .tx_loops = 1}), clock_, interrupted_, {});
    EXPECT_TRUE(measurer.has_value());
    const std::jthread world([this, happen] {
      clock_.sleep_until(clock_.now() + 200 * kMillisecond);
      happen(device_);
    });
    const Nanoseconds start = clock_.now();
    auto trial = (*measurer)->measure({.intended_fps = 1000, .duration = 60 * kSecond});
    EXPECT_LT(clock_.now() - start, 10 * kSecond) << "it went on sending into nothing";
    return trial;
  }

  FakeDevice device_;
  MonotonicClock clock_;
  std::atomic<bool> interrupted_{false};
  TrafficProfile profile_;
};

TEST_F(LinkLossTest, LinkThatGoesDownEndsTheTrialAndSpoilsIt) {
  const auto trial = run([](FakeDevice& device) { device.link_up = false; });
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->verdict, Verdict::kInvalid);
  EXPECT_NE(trial->reason.find("link"), std::string::npos) << trial->reason;
  const Counts& counts = trial->directions.at(0).counts;
  EXPECT_EQ(counts.intended, counts.offered + counts.unsent);
  EXPECT_LT(counts.intended, 10'000u) << "what was meant for later is not unsent";
}

TEST_F(LinkLossTest, PortThatIsGoneIsAnError) {
  const auto trial = run([](FakeDevice& device) { device.gone = true; });
  ASSERT_FALSE(trial.has_value());
  EXPECT_EQ(trial.error().kind, ErrorKind::kPrecondition);
}

}  // namespace
}  // namespace wireproof
