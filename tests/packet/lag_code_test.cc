#include "packet/lag_code.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "packet/signature.h"

namespace wireproof {
namespace {

TEST(LagCode, IsExactTo255NanosecondsAndWithinFourPerMilleBeyond) {
  for (Nanoseconds lag = 0; lag < 256; ++lag) EXPECT_EQ(decode_lag(encode_lag(lag)), lag);
  Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto lag = static_cast<Nanoseconds>(std::exp(random.uniform() * 26));
    const auto told = static_cast<double>(decode_lag(encode_lag(lag)));
    EXPECT_LE(std::abs(told - static_cast<double>(lag)), 0.004 * static_cast<double>(lag)) << lag;
  }
}

TEST(LagCode, HasTwelveBitsAndNeverFalls) {
  std::uint16_t last = 0;
  for (Nanoseconds lag = 0; lag <= kLagMax; lag += 1 + lag / 300) {
    const std::uint16_t code = encode_lag(lag);
    ASSERT_GE(code, last);
    ASSERT_LE(code - last, 1);
    last = code;
  }
  EXPECT_EQ(encode_lag(kLagMax), 4095);
  EXPECT_EQ(encode_lag(kLagMax * 8), 4095);
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
