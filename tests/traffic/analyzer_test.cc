#include "traffic/analyzer.h"

#include <gtest/gtest.h>

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
    AnalyzerSpec made{.spaces = 4, .waiting_time = 100 * kMillisecond};
    made.match.l4_port = 9;
    made.match.destinations = {match_prefix(headers().dst_ip, 32),
                               match_prefix(headers().src_ip, 32)};
    return made;
  }

  void show(const Signature& signature, Nanoseconds arrived = kEpoch + 1000, int flip_byte = -1) {
    std::array<std::uint8_t, 60> bytes{};
    made_.write(bytes.data());
    made_.patch().apply(bytes.data(),
                        {signature.trial_id, signature.sequence, signature.transmit_time}, 0,
                        signature.space);
    if (flip_byte >= 0) bytes[static_cast<std::size_t>(flip_byte)] ^= 1;
    Frame frame{.data = bytes.data(), .stamp = arrived, .length = 60, .capacity = 60};
    Frame* frames[] = {&frame};
    analyzer_.take(frames, arrived + kSecond);  // a stamp counts, not the poll
  }

  FrameTemplate made_;
  Analyzer analyzer_;
};

TEST_F(AnalyzerTest, EachFrameIsInExactlyOneClass) {
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

TEST_F(AnalyzerTest, DelayIsFromTheStampAndNeverClamped) {
  show({.trial_id = kTrial, .sequence = 0, .transmit_time = 500}, kEpoch + 1700);
  show({.trial_id = kTrial, .sequence = 1, .transmit_time = 2000}, kEpoch + 1900);
  EXPECT_EQ(analyzer_.delays().samples, 1u);
  EXPECT_EQ(analyzer_.delays().min, 1200);
  EXPECT_EQ(analyzer_.negative_delays(), 1u);
  EXPECT_EQ(analyzer_.counts().unique, 2u);
}

}  // namespace
}  // namespace wireproof
