#include "tools/known_cables.h"

#include <gtest/gtest.h>

#include <cstdlib>

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

class StampOfACable : public testing::Test {
 protected:
  StampOfACable() {
    ports_.a = std::make_unique<LateStamps>("a");
    ports_.b = std::make_unique<LateStamps>("b");
    describe_ports(ports_, test_, report_);
    direction_.from = "a";
    direction_.to = "b";
  }
  [[nodiscard]] std::string of_the_key() const {
    return calibration_key(direction_, ports_, test_, report_, "64").rx_stamp;
  }

  OpenPorts ports_;
  TestSettings test_;
  RunReport report_;
  DirectionResult direction_;
};

TEST_F(StampOfACable, IsTheOneThatWasUsedNotTheOneAtOpening) {
  ASSERT_EQ(report_.environment.nics[1].rx_stamp, "xdp");
  direction_.delay.emplace().rx_stamp = "poll";
  EXPECT_EQ(of_the_key(), "poll");
  direction_.delay->rx_stamp = "xdp_hint";
  EXPECT_EQ(of_the_key(), "xdp_hint");
  direction_.delay.reset();
  EXPECT_EQ(of_the_key(), "xdp");
}

TEST_F(StampOfACable, IsInTheReportAsItWasAtTheEnd) {
  describe_counters(ports_, report_);
  ASSERT_EQ(report_.environment.nics.size(), 2u);
  EXPECT_EQ(report_.environment.nics[0].rx_stamp, "poll");
  EXPECT_EQ(report_.environment.nics[1].rx_stamp, "poll");
}

}  // namespace
}  // namespace wireproof
