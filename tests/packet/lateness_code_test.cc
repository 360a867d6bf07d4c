#include "packet/lateness_code.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "packet/signature.h"

namespace wireproof {
namespace {

TEST(LatenessCode, IsExactTo255NanosecondsAndWithinFourPerMilleBeyond) {
  for (Nanoseconds lateness = 0; lateness < 256; ++lateness)
    EXPECT_EQ(decode_lateness(encode_lateness(lateness)), lateness);
  Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto lateness = static_cast<Nanoseconds>(std::exp(random.uniform() * 26));
    const auto told = static_cast<double>(decode_lateness(encode_lateness(lateness)));
    EXPECT_LE(std::abs(told - static_cast<double>(lateness)), 0.004 * static_cast<double>(lateness))
        << lateness;
  }
}

TEST(LatenessCode, HasTwelveBitsAndNeverFalls) {
  std::uint16_t last = 0;
  for (Nanoseconds lateness = 0; lateness <= kLatenessMax; lateness += 1 + lateness / 300) {
    const std::uint16_t code = encode_lateness(lateness);
    ASSERT_GE(code, last);
    ASSERT_LE(code - last, 1);
    last = code;
  }
  EXPECT_EQ(encode_lateness(kLatenessMax), 4095);
  EXPECT_EQ(encode_lateness(kLatenessMax * 8), 4095);
}

TEST(DelayBetween, IsRightAroundTheCircle) {
  Random random(2);
  for (int i = 0; i < 100'000; ++i) {
    const auto sent = static_cast<Nanoseconds>(random.below(100u * 3600 * kSecond));
    const auto delay = static_cast<Nanoseconds>(random.below(kDelayMax));
    const std::uint64_t told = static_cast<std::uint64_t>(sent) & kTransmitTimeMax;
    ASSERT_EQ(delay_between(told, sent + delay), delay);
    const auto backwards = static_cast<Nanoseconds>(random.below(4 * kSecond));
    ASSERT_EQ(delay_between(told, sent - backwards), -backwards);
  }
}

}  // namespace
}  // namespace wireproof
