#include "traffic/analyzer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/random.h"
#include "engine/age_limit.h"
#include "packet/frame_template.h"

namespace wireproof {
namespace {

constexpr std::uint16_t kTrial = 40'000;
constexpr Nanoseconds kEpoch = 5 * kSecond;

// Frames of one direction, made one at a time and shown to an analyzer.
class AnalyzerTest : public testing::Test {
 protected:
  AnalyzerTest() : made_(*FrameTemplate::make(headers(), 64, false)), analyzer_(spec()) {
    analyzer_.start({.trial_id = kTrial, .epoch = kEpoch, .scheduled = true});
  }

  static HeaderSpec headers() {
    HeaderSpec spec;
    spec.src_ip = *parse_ip("198.18.0.1");
    spec.dst_ip = *parse_ip("198.19.0.1");
    return spec;
  }
  static AnalyzerSpec spec() {
    AnalyzerSpec made{.spaces = 4};
    made.match.l4_port = 9;
    made.match.destinations = {match_prefix(headers().dst_ip, 32),
                               match_prefix(headers().src_ip, 32)};
    return made;
  }

  void show(const Signature& signature, Nanoseconds arrived = kEpoch + 1000, int flip_byte = -1,
            std::uint8_t flip = 1) {
    std::array<std::uint8_t, 60> bytes{};
    made_.write(bytes.data());
    made_.patch().apply(bytes.data(),
                        {signature.trial_id, signature.sequence, signature.transmit_time}, 0,
                        signature.space, signature.lateness);
    if (flip_byte >= 0) bytes[static_cast<std::size_t>(flip_byte)] ^= flip;
    Frame frame{.data = bytes.data(), .stamp = arrived, .length = 60, .capacity = 60};
    Frame* frames[] = {&frame};
    const Nanoseconds polled = (arrived != 0 ? arrived : kEpoch) + kSecond;
    analyzer_.take(frames, polled, late_after_);  // a stamp counts, not the poll
  }

  // RFC 5481 section 4's delays, in ns behind `base`: 20 10 20 25 20, over and over.
  void show_rfc5481(std::uint64_t frames, Nanoseconds base) {
    constexpr std::array<Nanoseconds, 5> kDelays = {20, 10, 20, 25, 20};
    for (std::uint64_t i = 0; i < frames; ++i) {
      const auto sent = static_cast<Nanoseconds>(i) * kMicrosecond;
      show({.trial_id = kTrial, .sequence = i, .transmit_time = static_cast<std::uint64_t>(sent)},
           kEpoch + sent + base + kDelays[i % 5]);
    }
  }

  FrameTemplate made_;
  Analyzer analyzer_;
  Nanoseconds late_after_ = std::numeric_limits<Nanoseconds>::max();
};

TEST_F(AnalyzerTest, EachFrameIsInExactlyOneClass) {
  late_after_ = kEpoch + kSecond;
  show({.trial_id = kTrial, .space = 0, .sequence = 0});
  show({.trial_id = kTrial, .space = 0, .sequence = 2});
  show({.trial_id = kTrial, .space = 0, .sequence = 1});                        // reordered
  show({.trial_id = kTrial, .space = 0, .sequence = 1});                        // duplicate
  show({.trial_id = kTrial - 1, .space = 0, .sequence = 9});                    // stale
  show({.trial_id = kTrial, .space = kDirectionBit, .sequence = 0});            // wrong direction
  show({.trial_id = kTrial, .space = 4, .sequence = 0});                        // unknown space
  show({.trial_id = kTrial, .space = 1u << 16, .sequence = 0});                 // unknown stream
  show({.trial_id = kTrial, .space = 1, .sequence = 0}, kEpoch + 2 * kSecond);  // late
  show({.trial_id = kTrial, .space = 1, .sequence = 0}, kEpoch + 1000, 50);     // damaged
  show({.trial_id = kTrial, .space = 1, .sequence = 0}, kEpoch + 1000, 37);     // another's port
  const ReceiveCounts& counts = analyzer_.counts();
  EXPECT_EQ(counts.unique, 3u);
  EXPECT_EQ(counts.reordered, 1u);
  EXPECT_EQ(counts.duplicate, 1u);
  EXPECT_EQ(counts.stale, 1u);
  EXPECT_EQ(counts.misdirected, 3u);
  EXPECT_EQ(counts.late, 1u);
  EXPECT_EQ(counts.corrupt, 1u);
  EXPECT_EQ(counts.foreign, 0u);
  EXPECT_EQ(counts.unclassified, 0u);
  // Late and damaged numbers are still missing; a copy has no delay of its own.
  EXPECT_EQ(analyzer_.tracker().next_expected(1), 0u);
  EXPECT_EQ(analyzer_.delays().samples, 3u);
}

// The UDP checksum does not cover the version: such a packet is of no protocol that we speak.
TEST_F(AnalyzerTest, WhenTheFirstAndTheLastFrameCame) {
  late_after_ = kEpoch + kSecond;
  EXPECT_FALSE(analyzer_.arrivals());
  show({.trial_id = kTrial - 1, .sequence = 9}, kEpoch + 500);  // an earlier trial's
  EXPECT_FALSE(analyzer_.arrivals());
  for (const Nanoseconds at : {2000, 9000, 8000}) {
    show({.trial_id = kTrial, .space = 1, .sequence = static_cast<std::uint64_t>(at)}, kEpoch + at);
  }
  show({.trial_id = kTrial, .space = 1, .sequence = 3}, kEpoch + kSecond + 1);  // late
  ASSERT_TRUE(analyzer_.arrivals());
  EXPECT_EQ(analyzer_.arrivals()->first, 2000);
  EXPECT_EQ(analyzer_.arrivals()->last, 9000);
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch});
  EXPECT_FALSE(analyzer_.arrivals());
}

TEST_F(AnalyzerTest, AnIpPacketOfAnotherVersionIsNotOurs) {
  show({.trial_id = kTrial, .space = 1, .sequence = 0}, kEpoch + 1000, 14, 0x20);
  EXPECT_EQ(analyzer_.counts().unique, 0u);
  EXPECT_EQ(analyzer_.counts().readdressed, 0u);
  HeaderSpec headers;
  headers.src_ip = *parse_ip("2001:2:0:1::1");
  headers.dst_ip = *parse_ip("2001:2:0:2::1");
  const FrameTemplate made = *FrameTemplate::make(headers, 84, false);
  std::array<std::uint8_t, 80> bytes{};
  made.write(bytes.data());
  made.patch().apply(bytes.data(), {kTrial, 0, 0}, 0, 1);
  AddressMatch match{.ipv6 = true, .l4_port = 9};
  match.destinations.fill(match_prefix(headers.dst_ip, 128));
  Signature signature;
  EXPECT_EQ(read_test_frame(match, bytes.data(), bytes.size(), signature), FrameClass::kOurs);
  bytes[14] ^= 0x20;
  EXPECT_EQ(read_test_frame(match, bytes.data(), bytes.size(), signature), FrameClass::kOthers);
}

TEST_F(AnalyzerTest, FramesOfABurstBeyondTheScheduleAreCountedOnceEach) {
  show({.trial_id = kTrial, .space = 1, .sequence = 0});
  show({.trial_id = kTrial, .space = kCatchUpBit | 1, .sequence = 1});
  show({.trial_id = kTrial, .space = kCatchUpBit | 1, .sequence = 3});
  show({.trial_id = kTrial, .space = kCatchUpBit | 1, .sequence = 1});  // duplicate
  show({.trial_id = kTrial, .space = kCatchUpBit | 1, .sequence = 2});  // reordered
  show({.trial_id = kTrial, .space = 1, .sequence = 4});
  show({.trial_id = kTrial, .space = kCatchUpBit | 4, .sequence = 0});  // unknown space
  late_after_ = kEpoch + 2000;
  show({.trial_id = kTrial, .space = kCatchUpBit | 1, .sequence = 5}, kEpoch + 2001);  // late
  const ReceiveCounts& counts = analyzer_.counts();
  EXPECT_EQ(counts.unique, 5u);
  EXPECT_EQ(counts.unique_catch_up, 3u);
  EXPECT_EQ(counts.duplicate, 1u);
  EXPECT_EQ(counts.reordered, 1u);
  EXPECT_EQ(counts.misdirected, 1u);
  EXPECT_EQ(counts.late, 1u);
  EXPECT_EQ(analyzer_.tracker().next_expected(1), 5u);
}

// Of a burst the last frame has been on its way the longest, where they left together and came one
// after another; a later burst that was quicker takes nothing back.
TEST_F(AnalyzerTest, TheLongestDelayIsThatOfTheLastOfABurst) {
  constexpr std::array<Nanoseconds, 3> kDelays = {1'000, 2'000, 5'000};
  for (const Nanoseconds share : {1, 5}) {
    std::array<std::array<std::uint8_t, 60>, 3> bytes{};
    std::array<Frame, 3> frames;
    std::array<Frame*, 3> burst{};
    for (std::size_t i = 0; i < 3; ++i) {
      made_.write(bytes[i].data());
      made_.patch().apply(bytes[i].data(), {kTrial, 3 * static_cast<std::uint64_t>(share) + i, 0},
                          0, 1);
      frames[i] = {.data = bytes[i].data(),
                   .stamp = kEpoch + kDelays[i] / share,
                   .length = 60,
                   .capacity = 60};
      burst[i] = &frames[i];
    }
    analyzer_.take(burst, kEpoch + kSecond, late_after_);
    EXPECT_EQ(analyzer_.longest_delay(), 5'000);
  }
}

TEST_F(AnalyzerTest, ALateFrameIsALossOnceAndOnlyWhereNoCopyCameInTime) {
  const auto show_late = [this](std::uint64_t sequence) {
    show({.trial_id = kTrial, .space = 1, .sequence = sequence}, late_after_ + 1);
    return analyzer_.counts().late_lost;
  };
  show({.trial_id = kTrial, .space = 1, .sequence = 0});
  show({.trial_id = kTrial, .space = 1, .sequence = 2});
  late_after_ = kEpoch + 2000;
  EXPECT_EQ(show_late(0), 0u) << "its first copy came in time";
  EXPECT_EQ(show_late(2), 0u);
  EXPECT_EQ(show_late(1), 1u) << "a hole";
  EXPECT_EQ(show_late(1), 1u) << "a copy of what was late";
  EXPECT_EQ(show_late(4), 2u) << "beyond all that came";
  EXPECT_EQ(show_late(3), 3u);
  EXPECT_EQ(show_late(4), 3u);
  EXPECT_EQ(analyzer_.counts().late, 7u);
  EXPECT_EQ(analyzer_.counts().unique, 2u);

  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch});
  EXPECT_EQ(show_late(1), 1u) << "nothing of the last run is known any more";
}

// Frames as made_ makes them, sent to others.
class ReaddressedTest : public AnalyzerTest {
 protected:
  void show_to(const char* ip, std::uint16_t l4_port, const Signature& signature,
               bool damaged = false) {
    HeaderSpec other = headers();
    other.dst_ip = *parse_ip(ip);
    if (other.dst_ip.v6) other.src_ip = *parse_ip("2001:2::1");
    other.dst_l4_port = l4_port;
    const FrameTemplate made = *FrameTemplate::make(other, 100, false);
    std::array<std::uint8_t, 96> bytes{};
    made.write(bytes.data());
    made.patch().apply(bytes.data(),
                       {signature.trial_id, signature.sequence, signature.transmit_time}, 0,
                       signature.space, signature.lateness);
    if (damaged) bytes.back() ^= 1;
    Frame frame{.data = bytes.data(), .stamp = kEpoch + 1000, .length = 96, .capacity = 96};
    Frame* frames[] = {&frame};
    analyzer_.take(frames, kEpoch + 1000);
  }
};

TEST_F(ReaddressedTest, WhatCameToAnotherAddressIsCountedAndNamed) {
  show_to("198.18.0.77", 9, {.trial_id = kTrial, .space = 1, .sequence = 5});
  show_to("198.19.0.1", 77, {.trial_id = kTrial, .space = 0});
  show_to("2001:2::77", 9, {.trial_id = kTrial, .space = kCatchUpBit | 3});
  show_to("198.18.0.77", 9, {.trial_id = kTrial, .space = kDirectionBit});  // the other direction's
  show_to("198.18.0.77", 9, {.trial_id = kTrial - 1});                      // of others
  show_to("198.18.0.77", 9, {.trial_id = kTrial}, /*damaged=*/true);
  const ReceiveCounts& counts = analyzer_.counts();
  EXPECT_EQ(counts.readdressed, 3u);
  EXPECT_EQ(counts.misdirected, 1u);
  EXPECT_EQ(counts.unique, 0u);
  EXPECT_EQ(counts.corrupt + counts.stale + counts.foreign + counts.late, 0u);
  ASSERT_TRUE(analyzer_.readdressed());
  EXPECT_EQ(format_ip(analyzer_.readdressed()->ip), "198.18.0.77");
  EXPECT_EQ(analyzer_.readdressed()->l4_port, 9);
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch});
  EXPECT_EQ(analyzer_.counts().readdressed, 0u);
  EXPECT_FALSE(analyzer_.readdressed());
}

TEST_F(AnalyzerTest, DelayIsFromTheStampAndNeverClamped) {
  show({.trial_id = kTrial, .sequence = 0, .transmit_time = 500}, kEpoch + 1700);
  show({.trial_id = kTrial, .sequence = 1, .transmit_time = 2000}, kEpoch + 1900);
  EXPECT_EQ(analyzer_.delays().samples, 1u);
  EXPECT_EQ(analyzer_.delays().min, 1200);
  EXPECT_EQ(analyzer_.negative_delays(), 1u);
  EXPECT_EQ(analyzer_.counts().unique, 2u);
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch});
  EXPECT_EQ(analyzer_.negative_delays(), 0u);
}

TEST_F(AnalyzerTest, WhatBearsNoStampArrivedAtThePollAndIsCounted) {
  show({.trial_id = kTrial, .sequence = 0, .transmit_time = 500}, kEpoch + 1700);
  EXPECT_EQ(analyzer_.counts().unstamped, 0u);
  show({.trial_id = kTrial, .sequence = 1, .transmit_time = 500}, 0);
  show({.trial_id = kTrial, .sequence = 1, .transmit_time = 500}, 0);
  show({.trial_id = kTrial - 1, .sequence = 2, .transmit_time = 500}, 0);  // of others
  EXPECT_EQ(analyzer_.counts().unstamped, 2u);
  EXPECT_EQ(analyzer_.counts().duplicate, 1u);
  EXPECT_EQ(analyzer_.delays().max, kSecond - 500);
}

TEST_F(AnalyzerTest, AFrameIsLateByWhenItCameAndNotByHowLongItTook) {
  late_after_ = kEpoch + 40 * kSecond;
  show({.trial_id = kTrial, .sequence = 0, .transmit_time = 1'000}, late_after_);
  EXPECT_EQ(analyzer_.counts().unique, 1u);
  EXPECT_EQ(analyzer_.delays().max, 40 * kSecond - 1'000);
  EXPECT_EQ(analyzer_.longest_delay(), 40 * kSecond - 1'000);
  show({.trial_id = kTrial, .sequence = 1, .transmit_time = 40 * kSecond}, late_after_ + 1);
  EXPECT_EQ(analyzer_.counts().unique, 1u);
  EXPECT_EQ(analyzer_.counts().late, 1u);
}

// Three minutes of traffic with delays up to two and a half, which the 36 bits of the transmit time
// cannot hold: every delay that is told is the true one, and what is not told was too old.
TEST_F(AnalyzerTest, ADelayThatTheSignatureCannotHoldIsNeverMistakenForAShorterOne) {
  struct Arrival {
    Nanoseconds at;
    std::uint32_t space;
    std::uint64_t sequence;
    Nanoseconds sent;
  };
  constexpr Nanoseconds kGap = 100 * kMillisecond;
  constexpr std::uint64_t kFrames = 1800;
  Random random(3);
  std::vector<Arrival> arrivals;
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    const Nanoseconds sent = static_cast<Nanoseconds>(i) * kGap;
    const auto delay = static_cast<Nanoseconds>(random.below(150 * kSecond));
    arrivals.push_back({sent + delay, static_cast<std::uint32_t>(i % 4), i / 4, sent});
  }
  std::sort(arrivals.begin(), arrivals.end(),
            [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
  AgeLimit ages(4);
  ages.start();
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch, .too_old_below = ages.too_old_below()});
  std::uint64_t told = 0;
  std::uint64_t never_told = 0;
  Nanoseconds noted = 0;
  for (const Arrival& arrival : arrivals) {
    for (; noted <= arrival.at; noted += kSecond) {
      const std::uint64_t cycles =
          std::min(kFrames, static_cast<std::uint64_t>(noted / kGap) + 1) / 4;
      ages.note(kEpoch + noted, std::array{cycles, cycles, cycles, cycles});
    }
    const Nanoseconds delay = arrival.at - arrival.sent;
    const std::uint64_t before = analyzer_.counts().unique;
    show({.trial_id = kTrial,
          .space = arrival.space,
          .sequence = arrival.sequence,
          .transmit_time = static_cast<std::uint64_t>(arrival.sent) & kTransmitTimeMax},
         kEpoch + arrival.at);
    if (analyzer_.counts().unique > before) {
      ++told;
      ASSERT_LE(delay, kDelayMax) << "a frame of " << arrival.sent;
    } else {
      ++never_told;
      ASSERT_GE(delay, kDelayMax - kSecond) << "a frame of " << arrival.sent;
    }
  }
  EXPECT_GT(told, 600u);
  EXPECT_GT(never_told, 800u);
  EXPECT_EQ(analyzer_.counts().late, never_told);
  EXPECT_EQ(analyzer_.negative_delays(), 0u);
  EXPECT_LE(analyzer_.delays().max, kDelayMax);
}

TEST_F(AnalyzerTest, ADelayIsRightThoughItsFrameWasSentAnHourAfterTheStart) {
  const Nanoseconds sent = 3600 * kSecond + 17;
  show({.trial_id = kTrial,
        .sequence = 0,
        .transmit_time = static_cast<std::uint64_t>(sent) & kTransmitTimeMax},
       kEpoch + sent + 4'000);
  EXPECT_EQ(analyzer_.delays().max, 4'000);
  EXPECT_EQ(analyzer_.negative_delays(), 0u);
}

TEST_F(AnalyzerTest, FromTheScheduleIsTheDelayAndTheLatenessThatTheFrameTells) {
  show({.trial_id = kTrial, .sequence = 0, .transmit_time = 900, .lateness = 200}, kEpoch + 1'000);
  show({.trial_id = kTrial, .sequence = 1, .transmit_time = 900, .lateness = 0}, kEpoch + 1'000);
  show({.trial_id = kTrial, .sequence = 1, .transmit_time = 900, .lateness = 4'000},
       kEpoch + 1'000);
  EXPECT_EQ(analyzer_.delays().max, 100);
  EXPECT_EQ(analyzer_.delays_from_schedule().samples, 2u) << "a copy has no delay of its own";
  EXPECT_EQ(analyzer_.delays_from_schedule().min, 100);
  EXPECT_EQ(analyzer_.delays_from_schedule().max, 300);
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch, .scheduled = false});
  show({.trial_id = kTrial, .sequence = 0, .transmit_time = 900, .lateness = 200}, kEpoch + 1'000);
  EXPECT_EQ(analyzer_.delays().samples, 1u);
  EXPECT_EQ(analyzer_.delays_from_schedule().samples, 0u);
}

TEST_F(AnalyzerTest, DelaysAboutAReferenceAreToldApartBehindFiftyMilliseconds) {
  constexpr Nanoseconds kBase = 50 * kMillisecond;
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch, .reference = kBase + 20});
  show_rfc5481(100, kBase);
  const SignedHistogram& about = analyzer_.delays_about_reference();
  EXPECT_EQ(about.samples(), 100u);
  EXPECT_EQ(about.percentile(0.1), -10) << "the reference need not be the least";
  EXPECT_EQ(about.percentile(0.5), 0);
  EXPECT_EQ(about.percentile(0.9), 5);
  // Without one the same lie in a single step of 2^25 / 1,024 ns.
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch});
  show_rfc5481(100, kBase);
  EXPECT_EQ(analyzer_.delays_about_reference().percentile(0.1),
            analyzer_.delays_about_reference().percentile(0.9));
  EXPECT_EQ(analyzer_.delays().min, kBase + 10) << "the least is exact all the same";
}

TEST_F(AnalyzerTest, WithoutEveryDelayThereIsNoVariation) {
  AnalyzerSpec some = spec();
  some.delay_every = 3;
  analyzer_ = Analyzer(some);
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch});
  show_rfc5481(30, 1'000);
  EXPECT_EQ(analyzer_.variation(), nullptr);
  EXPECT_EQ(analyzer_.delays().samples, 10u);
  EXPECT_EQ(analyzer_.counts().unique, 30u);
}

TEST_F(AnalyzerTest, TheLogHoldsEveryArrivalUntilItIsFull) {
  AnalyzerSpec logged = spec();
  logged.log_frames = 4;
  analyzer_ = Analyzer(logged);
  analyzer_.start({.trial_id = kTrial, .epoch = kEpoch, .scheduled = true});
  show({.trial_id = kTrial, .space = 2, .sequence = 0, .transmit_time = 700, .lateness = 100},
       kEpoch + 1'000);
  show({.trial_id = kTrial, .space = 2, .sequence = 2, .transmit_time = 900}, kEpoch + 1'100);
  show({.trial_id = kTrial - 1, .space = 2, .sequence = 1}, kEpoch + 1'200);  // stale: not in it
  show({.trial_id = kTrial, .space = 2, .sequence = 1, .transmit_time = 800}, kEpoch + 1'300);
  show({.trial_id = kTrial, .space = 2, .sequence = 1, .transmit_time = 800}, kEpoch + 1'400);
  EXPECT_EQ(analyzer_.log().overflow(), 0u);
  show({.trial_id = kTrial, .space = 2, .sequence = 3, .transmit_time = 950}, kEpoch + 1'500);
  EXPECT_EQ(analyzer_.log().overflow(), 1u);
  const auto records = analyzer_.log().records();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].arrived, 1'000);
  EXPECT_EQ(records[0].sent, 700);
  EXPECT_EQ(records[0].scheduled, 600);
  EXPECT_EQ(records[0].space, 2u);
  const auto found = [&records](std::size_t i) { return static_cast<Arrived>(records[i].found); };
  EXPECT_EQ(found(1), Arrived::kInOrder);
  EXPECT_EQ(found(2), Arrived::kReordered);
  EXPECT_EQ(found(3), Arrived::kDuplicate);
  analyzer_.start({.trial_id = kTrial + 1, .epoch = kEpoch});
  EXPECT_TRUE(analyzer_.log().records().empty());
  EXPECT_EQ(analyzer_.log().overflow(), 0u);
}

}  // namespace
}  // namespace wireproof
