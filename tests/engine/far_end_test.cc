// A receiver that is not where the sender is: its clock is another one, and what it has to know is
// told to it.
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "engine/fake_device.h"
#include "engine/fold.h"
#include "engine/receiver.h"
#include "engine/sender.h"
#include "report/end_reports.h"
#include "support/other_clock.h"

namespace wireproof {
namespace {

using fakes::FakeDevice;

constexpr Nanoseconds kHour = 3600 * kSecond;
constexpr double kFps = 500;
constexpr Nanoseconds kDuration = 75 * kSecond;  // beyond the circle of transmit times, 68.7 s
constexpr std::uint64_t kLostEvery = 97;
constexpr std::uint64_t kTooOld = 300;  // a number whose delay the signature cannot tell
constexpr std::uint64_t kLate = 600;

struct Found {
  SentReport sent;
  ReceivedReport received;
};

constexpr auto kFrames = static_cast<std::uint64_t>(kFps * static_cast<double>(kDuration) * 1e-9);

// What a path does to the k-th frame; negative: it is lost.
Nanoseconds delay_of(std::uint64_t k, Random& random) {
  const auto jitter = static_cast<Nanoseconds>(random.below(3 * kMillisecond));
  if (k == kTooOld) return 70 * kSecond;
  if (k == kFrames - kLate) return 3 * kSecond;
  if (k % kLostEvery == 0) return -1;
  return 50 * kMicrosecond + jitter;
}

// `offset`: of the receiver's clock.
Found run(Nanoseconds offset) {
  FakeClock clock(2 * kHour);
  const OtherClock far(clock, offset);
  FakeDevice from(2048), to;
  TrafficProfile profile{.flows = 3};
  profile.dst_mac = parse_mac("02:00:00:00:00:01");
  const auto stream = plan_stream({.from = from, .to = &to.facts()}, profile, false);
  auto sender = Sender::make({.port = &from}, *stream, clock);
  Receiver receiver({.port = &to, .waiting_time = kSecond}, *stream, far);
  TxLoop& tx = *(*sender)->loops().front();
  RxLoop& rx = *receiver.loops().front();

  StreamRun phase{kFps, kDuration, 32, 7, clock.now()};
  (*sender)->start(phase, nullptr);
  phase.epoch += offset;
  receiver.start(phase);
  Random random(1);
  std::uint64_t sent = 0;
  std::multimap<Nanoseconds, std::vector<std::uint8_t>> flying;  // by the time of arrival
  const auto pass = [&] {
    clock.advance(kMillisecond);
    while (!flying.empty() && flying.begin()->first <= clock.now()) {
      to.incoming.push_back({flying.begin()->second, flying.begin()->first + offset});
      flying.erase(flying.begin());
    }
    while (!to.incoming.empty()) rx.run();
    receiver.series().sample(far.now());
    if (receiver.asks_for_numbers(far.now()))
      receiver.note_numbers(far.now(), (*sender)->numbers_so_far());
  };
  while (!(*sender)->all_sent()) {
    tx.run();
    for (const std::vector<std::uint8_t>& bytes : from.sent) {
      const Nanoseconds delay = delay_of(sent++, random);
      if (delay >= 0) flying.emplace(clock.now() + delay, bytes);
    }
    from.sent.clear();
    EXPECT_TRUE(sent == kFrames || !(*sender)->last_frame());
    (*sender)->series().sample(clock.now());
    pass();
  }
  (*sender)->series().finish(clock.now());
  receiver.late_after().sending_ended(*(*sender)->last_frame() + offset);
  while (!flying.empty()) pass();
  (*sender)->stop(clock.now());
  receiver.stop(true);
  receiver.series().finish(far.now());
  return {(*sender)->report(), receiver.report()};
}

void expect_what_the_path_did(const Found& found) {
  const auto received = read_received_report(to_json(found.received));
  const auto sent = read_sent_report(to_json(found.sent));
  ASSERT_TRUE(received && sent);
  const Folded told = fold(*sent, *received, {});
  EXPECT_EQ(told.spoiled, "");
  const Counts& counts = told.result.counts;
  EXPECT_EQ(counts.offered, kFrames);
  EXPECT_EQ(counts.late, 2u);
  EXPECT_EQ(counts.lost, (kFrames + kLostEvery - 1) / kLostEvery + counts.late);
  EXPECT_EQ(counts.unique, kFrames - counts.lost);
  ASSERT_TRUE(told.result.delay && told.result.jitter);
  EXPECT_GE(told.result.delay->actual.min, 50 * kMicrosecond);
  EXPECT_LE(told.result.delay->actual.max, 4050 * kMicrosecond);
  std::uint64_t offered = 0, unique = 0;
  for (const Interval& step : told.result.intervals) {
    offered += step.offered;
    unique += step.received;
  }
  EXPECT_EQ(offered, counts.offered);
  EXPECT_EQ(unique, counts.unique);
}

TEST(FarEnd, AnotherClockChangesNoCountAndNoDelay) {
  const Found here = run(0);
  expect_what_the_path_did(here);
  for (const Nanoseconds offset : {kHour, -kHour, Nanoseconds{-1}}) {
    const Found there = run(offset);
    EXPECT_EQ(there.sent, here.sent) << offset;
    EXPECT_EQ(there.received, here.received) << offset;
  }
}

}  // namespace
}  // namespace wireproof
