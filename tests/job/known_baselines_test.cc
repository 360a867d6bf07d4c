#include "job/known_baselines.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "job/describe.h"
#include "settings/reading.h"

namespace wireproof {
namespace {

// A port that finds out, when its counters are read, that its stamps are others than it said.
class LateStamps final : public Device {
 public:
  explicit LateStamps(std::string name) {
    facts_.backend = "fake";
    facts_.device = std::move(name);
    facts_.rx_stamp = "xdp";
  }
  [[nodiscard]] const DeviceFacts& facts() const override { return facts_; }
  [[nodiscard]] Result<DeviceCounters> counters() override {
    facts_.rx_stamp = "poll";
    return DeviceCounters{};
  }
  [[nodiscard]] Status connect(const DeviceFacts&) override { return {}; }
  [[nodiscard]] Result<MacAddress> resolve(const IpAddress&) override { return MacAddress{}; }
  [[nodiscard]] TxQueue& tx_queue(unsigned) override { std::abort(); }
  [[nodiscard]] RxQueue& rx_queue(unsigned) override { std::abort(); }

 private:
  DeviceFacts facts_;
};

class StampOfABaseline : public testing::Test {
 protected:
  StampOfABaseline() {
    ports_.a = std::make_unique<LateStamps>("a");
    ports_.b = std::make_unique<LateStamps>("b");
    describe_ports(ports_, settings_.test, report_);
    direction_.from = "a";
    direction_.to = "b";
  }
  [[nodiscard]] std::string of_the_key() const {
    return calibration_key(direction_, ports_, settings_, report_, "64").rx_stamp;
  }

  OpenPorts ports_;
  Settings settings_;
  RunReport report_;
  DirectionResult direction_;
};

TEST_F(StampOfABaseline, IsTheOneThatWasUsedNotTheOneAtOpening) {
  ASSERT_EQ(report_.here().nics[1].rx_stamp, "xdp");
  direction_.delay.emplace().rx_stamp = "poll";
  EXPECT_EQ(of_the_key(), "poll");
  direction_.delay->rx_stamp = "xdp_hint";
  EXPECT_EQ(of_the_key(), "xdp_hint");
  direction_.delay.reset();
  EXPECT_EQ(of_the_key(), "xdp");
}

// In the file the settings stand beside what was found out: no key is both.
TEST_F(StampOfABaseline, StandsBesideTheSettingsAndIsReadBack) {
  const auto settings = read_job(
      Verb::kTrial,
      {{"tx", "fake:a"}, {"rx", "fake:b"}, {"rate", "1kpps"}, {"burst", 64u}, {"ring", 128u}});
  ASSERT_TRUE(settings);
  CalibrationEntry entry{.key = calibration_key(direction_, ports_, *settings, report_, "64"),
                         .calibrated_at = "2026-05-01T12:00:00Z"};
  EXPECT_EQ(entry.key.settings, calibration_conditions(*settings));
  const auto back = parse_calibrations(calibrations_to_json({&entry, 1}));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->front().key, entry.key);
}

TEST_F(StampOfABaseline, IsInTheReportAsItWasAtTheEnd) {
  describe_counters(ports_, report_);
  ASSERT_EQ(report_.here().nics.size(), 2u);
  EXPECT_EQ(report_.here().nics[0].rx_stamp, "poll");
  EXPECT_EQ(report_.here().nics[1].rx_stamp, "poll");
}

TEST_F(StampOfABaseline, StandsAmongTheConditionsOfItsEnd) {
  NicFacts& sends = report_.here().nics.at(0);
  sends.backend = "s1";
  sends.driver = "s2";
  sends.mode = "s3";
  NicFacts& receives = report_.here().nics.at(1);
  receives.backend = "r1";
  receives.driver = "r2";
  receives.mode = "r3";
  receives.rx_stamp = "r4";
  ports_.cores.tx = {1, 1};
  ports_.cores.rx = {2, 3, 4, 4};
  const CalibrationKey key = calibration_key(direction_, ports_, settings_, report_, "64");
  EXPECT_EQ(key.tx_backend + key.tx_driver + key.tx_mode, "s1s2s3");
  EXPECT_EQ(key.rx_backend + key.rx_driver + key.rx_mode + key.rx_stamp, "r1r2r3r4");
  EXPECT_EQ(key.tx_cores, 1u);
  EXPECT_EQ(key.rx_cores, 3u);
}

TEST(DescribePorts, ACoreThatSendsAndReceivesIsSaidToDoBoth) {
  OpenPorts ports;
  ports.cores.tx = {4, 5};
  ports.cores.rx = {4, 4, 6};
  RunReport report;
  describe_ports(ports, TestSettings{}, report);
  std::string roles;
  for (const CoreUse& use : report.here().cores_used) {
    roles += std::to_string(use.core) + " " + use.role + ", ";
  }
  EXPECT_EQ(roles, "4 tx+rx, 5 tx, 6 rx, ");
}

}  // namespace
}  // namespace wireproof
