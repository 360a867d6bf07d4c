#include "engine/port_watch.h"

#include <gtest/gtest.h>

#include <thread>

#include "engine/fake_device.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

class PortWatchTest : public ::testing::Test {
 protected:
  void wait_for_stop(const PortWatch& watch) {
    const Nanoseconds until = clock_.now() + 10 * kSecond;
    while (!watch.stop().load() && clock_.now() < until) {
      clock_.sleep_until(clock_.now() + kMillisecond);
    }
    EXPECT_TRUE(watch.stop().load());
  }

  FakeDevice a_, b_;
  MonotonicClock clock_;
  std::atomic<bool> interrupted_{false};
};

TEST_F(PortWatchTest, APortThatIsGoneEndsTheRunAndIsTheError) {
  PortWatch watch({&a_, &b_}, interrupted_, clock_, {});
  b_.gone = true;
  wait_for_stop(watch);
  const Status ended = watch.end();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().kind, ErrorKind::kPrecondition);
}

TEST_F(PortWatchTest, ALinkThatStaysAwayEndsTheRun) {
  PortWatch watch({&a_, &b_}, interrupted_, clock_, {}, 200 * kMillisecond);
  a_.link_up = false;
  wait_for_stop(watch);
  const Status ended = watch.end();
  ASSERT_FALSE(ended.has_value());
  EXPECT_NE(ended.error().message.find("no link"), std::string::npos) << ended.error().message;
}

TEST_F(PortWatchTest, ALinkThatComesBackDoesNot) {
  PortWatch watch({&a_, &b_}, interrupted_, clock_, {}, kSecond * 60);
  a_.link_up = false;
  clock_.sleep_until(clock_.now() + 300 * kMillisecond);
  a_.link_up = true;
  EXPECT_FALSE(watch.stop().load());
  EXPECT_TRUE(watch.end().has_value());
}

// Twice away for half a second, on a clock that the watch alone moves.
TEST_F(PortWatchTest, ALinkThatGoesAgainWasNotAwayInBetween) {
  FakeClock clock(kSecond);
  a_.counting = [this, &clock](DeviceCounters& counters) {
    const Nanoseconds passed = clock.now() - kSecond;
    counters.link_up = passed % kSecond >= 500 * kMillisecond;
    if (passed >= 2 * kSecond) interrupted_ = true;
  };
  PortWatch watch({&a_, &b_}, interrupted_, clock, {}, kSecond);
  while (!watch.stop().load()) std::this_thread::yield();
  EXPECT_TRUE(watch.end().has_value());
}

TEST_F(PortWatchTest, TheUserEndsTheRunWithoutAnError) {
  PortWatch watch({&a_, &b_}, interrupted_, clock_, allowed_cpus());
  interrupted_ = true;
  wait_for_stop(watch);
  EXPECT_TRUE(watch.end().has_value());
}

}  // namespace
}  // namespace wireproof
