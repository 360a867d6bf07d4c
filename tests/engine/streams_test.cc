// Several streams at once between the same two ports: each is counted by itself, whatever became of
// the others.
#include <gtest/gtest.h>

#include "engine/fake_device.h"
#include "engine/fold.h"
#include "engine/header_choice.h"
#include "engine/packet_trial.h"
#include "io/backend_set.h"
#include "loopback/loopback.h"
#include "support/simulated_time.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

// A load, and a probe beside it, over a wire in memory and on a false clock.
class StreamsTest : public testing::Test {
 protected:
  StreamsTest() {
    backends_.backends.push_back(make_loopback_backend());
    load_.flows = 5;
    probe_.profile.sizes = {300};
    probe_.profile.flows = 2;
    probe_.profile.dst_l4_port = load_.dst_l4_port;
  }

  TrialResult run(const std::string& impairment, const std::vector<StreamBeside>& beside,
                  bool bidirectional = false) {
    const OpenSpec open{.queues = trial_.queues,
                        .ring_frames = ring_,
                        .buffer_len_max = 1514,
                        .steering = *steering_for(load_),
                        .clock = &clock_};
    auto a = open_port(backends_, *parse_port_spec(backends_, "loopback:a" + impairment), open);
    auto b = open_port(backends_, *parse_port_spec(backends_, "loopback:b" + impairment), open);
    const unsigned loops = trial_.queues * (bidirectional ? 2 : 1);
    auto measurer = PacketMeasurer::make(
        trial_, load_, {.a = a->get(), .b = b->get(), .bidirectional = bidirectional},
        *plan_cores({.allowed = allowed_cpus(), .tx_loops = loops, .rx_loops = loops}), clock_,
        interrupted_, {}, beside);
    EXPECT_TRUE(measurer.has_value()) << measurer.error().message;
    (*measurer)->run_on(clock_.workers());
    auto result = (*measurer)->measure({.intended_fps = 4000, .duration = 500 * kMillisecond});
    EXPECT_TRUE(result.has_value()) << result.error().message;
    for (const DirectionResult& one : result->directions) EXPECT_EQ(check_identities(one), "");
    return *std::move(result);
  }

  BackendSet backends_;
  SimulatedTime clock_;
  std::atomic<bool> interrupted_{false};
  TrafficProfile load_;
  StreamBeside probe_{.fps = 1000};
  std::uint32_t ring_ = 4096;
  PacketTrialSpec trial_{.warm_up = 10 * kMillisecond, .waiting_time = 50 * kMillisecond};
};

TEST_F(StreamsTest, EachHasItsOwnResult) {
  for (const unsigned queues : {1u, 2u}) {
    trial_.queues = queues;
    const TrialResult trial =
        run(",loss=5%,duplicate=5%,reorder=5%,reorder-by=12,delay=2ms,seed=3", {probe_}, true);
    ASSERT_EQ(trial.directions.size(), 4u);
    for (std::size_t i = 0; i < 4; ++i) {
      const DirectionResult& one = trial.directions[i];
      EXPECT_EQ(one.from, i < 2 ? "a" : "b");
      EXPECT_EQ(one.stream, i % 2);
      EXPECT_EQ(one.counts.offered, i % 2 == 0 ? 2000u : 500u);
      EXPECT_EQ(one.sequence_spaces, i % 2 == 0 ? 5u : 2u);
      EXPECT_GT(one.counts.lost, 5u);
      EXPECT_GT(one.counts.duplicate, 5u);
      EXPECT_GT(one.counts.reordered, 5u);
      EXPECT_EQ(one.attribution.dut, one.counts.lost);
      EXPECT_EQ(one.counts.misdirected + one.counts.foreign + one.counts.stale, 0u);
      ASSERT_TRUE(one.delay);
      EXPECT_GE(one.delay->actual.min, 2 * kMillisecond);
    }
    EXPECT_EQ(trial.verdict, Verdict::kFail);
  }
}

TEST_F(StreamsTest, OneBesideChangesNoCountAndNoDelayOfTheFirst) {
  const TrialResult alone = run(",delay=2ms", {});
  const TrialResult both = run(",delay=2ms", {probe_});
  ASSERT_EQ(alone.directions.size(), 1u);
  ASSERT_EQ(both.directions.size(), 2u);
  EXPECT_EQ(both.verdict, Verdict::kPass) << both.reason;
  EXPECT_EQ(alone.directions[0].counts.offered, both.directions[0].counts.offered);
  EXPECT_EQ(alone.directions[0].counts.unique, both.directions[0].counts.unique);
  EXPECT_EQ(both.directions[0].counts.lost, 0u);
  EXPECT_EQ(alone.directions[0].reordering, both.directions[0].reordering);
  const JitterSummary& before = *alone.directions[0].jitter;
  const JitterSummary& after = *both.directions[0].jitter;
  EXPECT_EQ(before.ipdv_pairs, after.ipdv_pairs);
  // The wire's delay is the same for all; what varies is when a loop has its turn.
  EXPECT_LE(before.pdv_max, 2 * SimulatedTime::kTurn);
  EXPECT_LE(after.pdv_max, 4 * SimulatedTime::kTurn);
}

// The wire loses some of both, and the ring some: how many of which stream, the counter cannot say.
TEST_F(StreamsTest, WhatTheRingDroppedIsToldOnce) {
  ring_ = 64;
  trial_.burst = 1024;
  trial_.burst_room = 1024;
  clock_.pre_empt(clock_.now() + 200 * kMillisecond, 100 * kMillisecond);
  const TrialResult trial = run(",loss=5%,seed=3", {probe_});
  ASSERT_EQ(trial.directions.size(), 2u);
  const std::uint64_t dropped = trial.directions[0].counts.rx_dropped;
  EXPECT_GT(dropped, 100u);
  std::uint64_t told = 0, doubtful = 0, lost = 0;
  for (const DirectionResult& one : trial.directions) {
    EXPECT_EQ(one.counts.rx_dropped, dropped) << "it is the port's";
    told += one.attribution.rx_ring;
    doubtful += one.attribution.not_attributable;
    lost += one.counts.lost;
  }
  EXPECT_LE(told, dropped);
  EXPECT_GT(doubtful, 0u);
  EXPECT_GT(lost, dropped + 50) << "the wire's own";
  EXPECT_EQ(trial.verdict, Verdict::kInvalid);
}

TEST_F(StreamsTest, MoreThanTheSignatureCanNumberAreRefused) {
  FakeDevice a, b;
  const auto made = PacketMeasurer::make(
      trial_, load_, {.a = &a, .b = &b}, *plan_cores({.allowed = allowed_cpus()}), clock_,
      interrupted_, {}, std::vector<StreamBeside>(kStreamsMax, probe_));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "65 streams at once: at most 64");
}

// Two streams to ports of their own over two fake devices, frame by frame.
class LanesTest : public testing::Test {
 protected:
  LanesTest() {
    for (std::uint32_t number : {0u, 1u}) {
      TrafficProfile profile{.dst_l4_port = static_cast<std::uint16_t>(9 + number)};
      profile.dst_mac = parse_mac("02:00:00:00:00:01");
      Stream stream = *plan_stream({.from = from_, .to = &to_.facts()}, profile, false);
      stream.number = number;
      senders_.push_back(*Sender::make({.port = &from_}, stream, clock_));
      receivers_.push_back(std::make_unique<Receiver>(
          ReceiverSpec{.port = &to_, .beside = number == 0 ? nullptr : receivers_[0].get()}, stream,
          clock_));
    }
    EXPECT_EQ(receivers_[1]->loops().data(), receivers_[0]->loops().data());
    const StreamRun run{.fps = 1000,
                        .duration = 20 * kMillisecond,
                        .burst = 32,
                        .trial_id = 7,
                        .epoch = clock_.now()};
    for (auto& sender : senders_) sender->start(run, nullptr);
    for (auto& receiver : receivers_) receiver->start(run);
    while (!(senders_[0]->all_sent() && senders_[1]->all_sent())) {
      for (auto& sender : senders_) sender->loops().front()->run();
      clock_.advance(100 * kMicrosecond);
    }
  }

  void receive() {
    for (const auto& bytes : from_.sent) to_.incoming.push_back({bytes, clock_.now()});
    while (!to_.incoming.empty()) receivers_[0]->loops().front()->run();
  }
  [[nodiscard]] ReceiveCounts counts(std::size_t stream) const {
    return receivers_[stream]->lanes().front()->analyzer().counts();
  }

  FakeClock clock_{kSecond};
  FakeDevice from_, to_;
  std::vector<std::unique_ptr<Sender>> senders_;
  std::vector<std::unique_ptr<Receiver>> receivers_;
};

constexpr std::size_t kPortAt = 14 + 20 + 2;
constexpr std::size_t kSpaceAt = 14 + 20 + 8 + 4;

TEST_F(LanesTest, EachFrameGoesToItsOwnStream) {
  ASSERT_EQ(from_.sent.size(), 40u);
  for (const auto& bytes : from_.sent) {
    const unsigned stream = bytes[kPortAt + 1] - 9u;
    EXPECT_EQ(bytes[kSpaceAt], stream) << "bits 21 to 16 of the space: docs/signature.md";
  }
  receive();
  for (const std::size_t stream : {0u, 1u}) {
    EXPECT_EQ(counts(stream).unique, 20u);
    EXPECT_EQ(counts(stream).misdirected + counts(stream).readdressed, 0u);
    EXPECT_EQ(receivers_[stream]->lanes().front()->cell().received.load(), 20u);
  }
}

TEST_F(LanesTest, WhatIsDamagedIsOfTheStreamToWhoseAddressItWasSent) {
  for (auto& bytes : from_.sent) {
    if (bytes[kPortAt + 1] == 10) bytes.back() ^= 1;
  }
  receive();
  EXPECT_EQ(counts(0).unique, 20u);
  EXPECT_EQ(counts(0).corrupt, 0u);
  EXPECT_EQ(counts(1).unique, 0u);
  EXPECT_EQ(counts(1).corrupt, 20u);
}

// The UDP sum covers the port: what a translator changes, it mends.
TEST_F(LanesTest, WhatWentToAnotherAddressIsKnownByItsNumber) {
  for (auto& bytes : from_.sent) {
    if (bytes[kPortAt + 1] != 10) continue;
    bytes[kPortAt + 1] = 200;
    const unsigned sum = (bytes[40] << 8 | bytes[41]) - 190u;
    bytes[40] = static_cast<std::uint8_t>((sum - (sum >> 31)) >> 8);
    bytes[41] = static_cast<std::uint8_t>(sum - (sum >> 31));
  }
  receive();
  EXPECT_EQ(counts(0).unique, 20u);
  EXPECT_EQ(counts(0).readdressed, 0u);
  EXPECT_EQ(counts(1).readdressed, 20u);
}

TEST_F(LanesTest, OfAStreamThatThereIsNotItIsMisdirectedOnce) {
  for (auto& bytes : from_.sent) {
    if (bytes[kPortAt + 1] != 10) continue;
    bytes[kSpaceAt] = 2;  // one more, which the sum has to follow
    const unsigned sum = (bytes[40] << 8 | bytes[41]) - 0x0100u;
    bytes[40] = static_cast<std::uint8_t>((sum - (sum >> 31)) >> 8);
    bytes[41] = static_cast<std::uint8_t>(sum - (sum >> 31));
  }
  receive();
  EXPECT_EQ(counts(0).unique, 20u);
  EXPECT_EQ(counts(0).misdirected, 20u);
  EXPECT_EQ(counts(1).misdirected, 0u);
}

}  // namespace
}  // namespace wireproof
