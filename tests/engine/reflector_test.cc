#include "engine/reflector.h"

#include <gtest/gtest.h>

#include "engine/fake_device.h"
#include "engine/fold.h"
#include "engine/header_choice.h"
#include "engine/receiver.h"
#include "engine/sender.h"
#include "io/backend_set.h"
#include "loopback/loopback.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

struct Kind {
  const char* name;
  bool ipv6;
  bool tagged;
};

class ReflectorTest : public ::testing::TestWithParam<Kind> {
 protected:
  ReflectorTest() : clock_(kSecond) {
    profile_.flows = 5;
    profile_.ipv6 = GetParam().ipv6;
    profile_.sizes = {128};
    if (GetParam().tagged) profile_.vlan = 77;
  }

  // Frames of a stream, as a device took them.
  std::vector<std::vector<std::uint8_t>> frames(double fps, Nanoseconds duration) {
    FakeDevice from(2048);
    profile_.dst_mac = parse_mac("02:00:00:00:00:01");
    const auto stream = plan_stream({.from = from}, profile_, false);
    match_ = match_for(profile_, stream->headers, false);
    auto sender = Sender::make({.port = &from}, *stream, clock_);
    (*sender)->start({fps, duration, 1024, 7, clock_.now()}, nullptr);
    clock_.advance(duration);
    while (!(*sender)->all_sent()) {
      (*sender)->loops().front()->run();
      clock_.advance(kMicrosecond);
    }
    (*sender)->stop(clock_.now());
    return from.sent;
  }

  [[nodiscard]] std::size_t ip_at() const {
    return kEthernetLength + (GetParam().tagged ? kVlanLength : 0);
  }

  FakeClock clock_;
  TrafficProfile profile_;
  AddressMatch match_;
};

// Judged byte by byte: what is exchanged is, and nothing else has changed.
TEST_P(ReflectorTest, AFrameGoesBackTheWayItCameAsItIs) {
  const auto sent = frames(100'000, kMillisecond);
  ASSERT_EQ(sent.size(), 100u);
  FakeDevice port;
  Reflector reflector(port, 0, match_, clock_);
  for (const auto& bytes : sent) port.incoming.push_back({bytes, clock_.now()});
  clock_.advance(3 * kMicrosecond);
  while (reflector.run() == Step::kBusy) {
  }
  reflector.stop();
  EXPECT_EQ(reflector.counts(), (ReflectedCounts{.arrived = 100, .reflected = 100}));
  EXPECT_EQ(reflector.residence().samples, 100u);
  EXPECT_EQ(reflector.residence().min, 3 * kMicrosecond);
  EXPECT_EQ(reflector.residence().max, 3 * kMicrosecond);
  ASSERT_EQ(port.sent.size(), sent.size());
  EXPECT_EQ(port.borrowed + port.polled, 0u);
  const std::size_t addresses = ip_at() + (profile_.ipv6 ? 8 : 12);
  const std::size_t each = profile_.ipv6 ? 16 : 4;
  const std::size_t udp = ip_at() + ip_length(profile_.ipv6);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    std::vector<std::uint8_t> expected = sent[i];
    const auto copy = [&](std::size_t from, std::size_t to, std::size_t length) {
      std::copy_n(sent[i].begin() + static_cast<std::ptrdiff_t>(from), length,
                  expected.begin() + static_cast<std::ptrdiff_t>(to));
    };
    for (const auto& [at, length] :
         {std::pair<std::size_t, std::size_t>{0, 6}, {addresses, each}, {udp, 2}}) {
      copy(at, at + length, length);
      copy(at + length, at, length);
    }
    EXPECT_EQ(port.sent[i], expected);
    EXPECT_NE(port.sent[i], sent[i]);
  }
}

TEST_P(ReflectorTest, WhatIsNotItsOwnStaysAndDamagedFramesComeBackDamaged) {
  auto sent = frames(100'000, 50 * kMicrosecond);
  ASSERT_EQ(sent.size(), 5u);
  const std::size_t udp = ip_at() + ip_length(profile_.ipv6);
  sent[1].back() ^= 1;           // damaged
  sent[2][udp + 3] ^= 1;         // to another port
  sent[3][udp - 1] ^= 0x80;      // to another address
  sent[4][ip_at() - 1] ^= 0xff;  // of no known protocol
  FakeDevice port;
  Reflector reflector(port, 0, match_, clock_);
  for (const auto& bytes : sent) port.incoming.push_back({bytes, 0});
  while (reflector.run() == Step::kBusy) clock_.advance(kMicrosecond);
  reflector.stop();
  EXPECT_EQ(reflector.counts().arrived, 2u);
  ASSERT_EQ(port.sent.size(), 2u);
  EXPECT_EQ(port.sent[1].back(), sent[1].back());
  EXPECT_EQ(reflector.residence().max, 0) << "without a stamp it counts from the poll";
}

// A port that takes one frame at a time, and at last none.
TEST_P(ReflectorTest, WhatThePortHasNoRoomForWaitsAndIsCounted) {
  const auto sent = frames(100'000, kMillisecond);
  FakeDevice port(/*tx_frames=*/16, /*rx_frames=*/256);
  port.accept_max = 1;
  port.accept_total = 70;
  Reflector reflector(port, 0, match_, clock_);
  for (const auto& bytes : sent) port.incoming.push_back({bytes, clock_.now()});
  for (int turn = 0; turn < 500; ++turn) {
    reflector.run();
    clock_.advance(kMicrosecond);
  }
  reflector.stop();
  const ReflectedCounts& counts = reflector.counts();
  EXPECT_EQ(counts.reflected, 70u);
  EXPECT_EQ(counts.arrived, counts.reflected + counts.unsent);
  EXPECT_EQ(port.incoming.size(), sent.size() - counts.arrived) << "the rest waits in the port";
  EXPECT_EQ(port.borrowed + port.polled, 0u);
  EXPECT_GT(reflector.residence().max, 50 * kMicrosecond);
}

// Three of every hundred frames are lost there, and one of them on the way back.
TEST_P(ReflectorTest, OnePortMeasuresTheRoundTrip) {
  const auto backend = make_loopback_backend();
  OpenSpec spec{.steering = *steering_for(profile_), .clock = &clock_};
  const auto near = backend->open(
      {.backend = "loopback", .device = "a", .options = {{"delay", "30us"}, {"loss", "3%"}}}, spec);
  const auto far = backend->open(
      {.backend = "loopback", .device = "b", .options = {{"delay", "20us"}, {"loss", "1%"}}}, spec);
  ASSERT_TRUE(near && far);
  auto stream = plan_stream({.from = **near, .to = &(*far)->facts()}, profile_, false);
  ASSERT_TRUE(stream);
  stream->reflected = true;
  const AddressMatch here = match_for(profile_, stream->headers, false);
  auto sender = Sender::make({.port = near->get()}, *stream, clock_);
  Receiver receiver({.port = near->get(), .waiting_time = kMillisecond}, *stream, clock_);
  Reflector reflector(**far, 0, here, clock_);
  const StreamRun run{200'000, 100 * kMillisecond, 1024, 9, clock_.now()};
  (*sender)->start(run, &receiver.late_after());
  receiver.start(run);
  const Nanoseconds end = clock_.now() + 110 * kMillisecond;
  for (; clock_.now() < end; clock_.advance(2 * kMicrosecond)) {
    (*sender)->loops().front()->run();
    reflector.run();
    receiver.loops().front()->run();
  }
  (*sender)->stop(clock_.now());
  receiver.stop(true);
  reflector.stop();
  const PortGrowth whole{.tx_dropped = 0, .rx_ring_dropped = 0, .rx_nic_dropped = 0};
  SentReport sent = (*sender)->report();
  ReceivedReport received = receiver.report();
  sent.port = received.port = whole;
  const Folded told = fold(sent, received, {.one_port = true});
  EXPECT_EQ(told.spoiled, "");
  const Counts& counts = told.result.counts;
  EXPECT_EQ(counts.offered, 20'000u);
  EXPECT_EQ(counts.lost, counts.offered - counts.unique);
  const double lost_there = 20'000.0 - static_cast<double>(reflector.counts().arrived);
  EXPECT_NEAR(lost_there, 600, 6 * 24.5);
  EXPECT_NEAR(static_cast<double>(counts.lost), 600 + 194, 6 * 28);
  ASSERT_TRUE(told.result.delay);
  EXPECT_EQ(told.result.delay->metric, "round_trip");
  EXPECT_GE(told.result.delay->actual.min, 50 * kMicrosecond);
  EXPECT_LE(told.result.delay->actual.max, 50 * kMicrosecond + 20 * kMicrosecond);
  EXPECT_EQ(reflector.residence().samples, reflector.counts().reflected);
  EXPECT_LE(reflector.residence().max, 10 * kMicrosecond);
}

INSTANTIATE_TEST_SUITE_P(Frames, ReflectorTest,
                         ::testing::Values(Kind{"ipv4", false, false}, Kind{"ipv6", true, false},
                                           Kind{"vlan", false, true},
                                           Kind{"vlan_ipv6", true, true}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace wireproof
