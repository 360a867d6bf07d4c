#include <gtest/gtest.h>

#include "engine/fake_device.h"
#include "engine/packet_trial.h"
#include "support/simulated_time.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

// A minute's trial on a port to which `happen` happens while it sends.
class LinkLossTest : public ::testing::Test {
 protected:
  std::unique_ptr<PacketMeasurer> make() {
    profile_.dst_mac = parse_mac("02:00:00:00:00:01");
    auto measurer = PacketMeasurer::make({.warm_up = 0}, profile_, {.a = &device_},
                                         *plan_cores({.allowed = allowed_cpus(), .tx_loops = 1}),
                                         clock_, interrupted_, {});
    EXPECT_TRUE(measurer.has_value());
    (*measurer)->run_on(clock_.workers());
    return *std::move(measurer);
  }

  Result<TrialResult> run(void (*happen)(FakeDevice&)) {
    auto measurer = make();
    const Nanoseconds start = clock_.now();
    clock_.at(start + 200 * kMillisecond, [this, happen] { happen(device_); });
    auto trial = measurer->measure({.intended_fps = 1000, .duration = 60 * kSecond});
    EXPECT_LT(clock_.now() - start, 400 * kMillisecond) << "it went on sending into nothing";
    return trial;
  }

  FakeDevice device_;
  SimulatedTime clock_;
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
  EXPECT_LE(counts.intended, 310u) << "what was meant for later is not unsent";
}

// A reset takes links down: the trial is about that.
TEST_F(LinkLossTest, ALinkThatMayGoIsWaitedFor) {
  for (const bool comes_back : {true, false}) {
    device_.link_up = true;
    auto measurer = make();
    const Nanoseconds start = clock_.now();
    clock_.at(start + 200 * kMillisecond, [this] { device_.link_up = false; });
    clock_.at(start + 600 * kMillisecond, [this, comes_back] {
      device_.link_up = comes_back;
      ++device_.link_downs;
    });
    const auto trial =
        measurer->measure({.intended_fps = 1000, .duration = kSecond, .link_may_go = true});
    ASSERT_TRUE(trial.has_value());
    EXPECT_EQ(trial->directions.at(0).counts.offered, 1000u);
    EXPECT_EQ(trial->verdict, comes_back ? Verdict::kPass : Verdict::kInvalid) << trial->reason;
    const std::string& told = comes_back ? trial->notes.at(0) : trial->reason;
    EXPECT_NE(told.find("went down during the trial"), std::string::npos) << told;
  }
}

TEST_F(LinkLossTest, ALinkThatWasDownBeforeIsNoReset) {
  device_.link_up = false;
  auto measurer = make();
  clock_.at(clock_.now() + 200 * kMillisecond, [this] { device_.link_up = true; });
  const auto trial =
      measurer->measure({.intended_fps = 1000, .duration = kSecond, .link_may_go = true});
  ASSERT_TRUE(trial.has_value());
  EXPECT_EQ(trial->verdict, Verdict::kInvalid);
  EXPECT_NE(trial->reason.find("was down when the trial began"), std::string::npos);
}

TEST_F(LinkLossTest, PortThatIsGoneIsAnError) {
  const auto trial = run([](FakeDevice& device) { device.gone = true; });
  ASSERT_FALSE(trial.has_value());
  EXPECT_EQ(trial.error().kind, ErrorKind::kPrecondition);
}

}  // namespace
}  // namespace wireproof
