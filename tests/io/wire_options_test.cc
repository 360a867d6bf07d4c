#include "io/wire_options.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

TEST(WireOptions, EveryOptionReachesItsField) {
  const auto spec = parse_wire_options({{"loss", "0.1%"},
                                        {"duplicate", "0.002"},
                                        {"corrupt", "0.3%"},
                                        {"reorder", "0.4%"},
                                        {"reorder-by", "9"},
                                        {"delay", "50us"},
                                        {"jitter", "5ms"},
                                        {"rate", "100kpps"},
                                        {"queue", "16"},
                                        {"excess-loss", "25%"},
                                        {"blocked", "40ms"},
                                        {"outage", "300ms"},
                                        {"outage-every", "2s"},
                                        {"seed", "18446744073709551615"},
                                        {"zero-copy", "not ours"}});
  ASSERT_TRUE(spec.has_value()) << spec.error().message;
  EXPECT_DOUBLE_EQ(spec->loss, 0.001);
  EXPECT_DOUBLE_EQ(spec->duplicate, 0.002);
  EXPECT_DOUBLE_EQ(spec->corrupt, 0.003);
  EXPECT_DOUBLE_EQ(spec->reorder, 0.004);
  EXPECT_EQ(spec->reorder_by, 9u);
  EXPECT_EQ(spec->delay, 50'000);
  EXPECT_EQ(spec->jitter, 5'000'000);
  EXPECT_DOUBLE_EQ(spec->rate_fps, 100'000);
  EXPECT_EQ(spec->queue_frames, 16u);
  EXPECT_DOUBLE_EQ(spec->excess_loss, 0.25);
  EXPECT_EQ(spec->blocked, 40 * kMillisecond);
  EXPECT_EQ(spec->outage, 300 * kMillisecond);
  EXPECT_EQ(spec->outage_every, 2 * kSecond);
  EXPECT_EQ(spec->seed, 18446744073709551615u);
  EXPECT_FALSE(is_clean(*spec));
}

TEST(WireOptions, NoneIsAClearWire) {
  EXPECT_TRUE(is_clean(*parse_wire_options({})));
  EXPECT_FALSE(is_clean(*parse_wire_options({{"jitter", "1us"}})));
  EXPECT_FALSE(is_clean(*parse_wire_options({{"outage", "1us"}})));
  EXPECT_TRUE(is_clean(*parse_wire_options({{"seed", "5"}, {"loss", "0"}})));
}

TEST(WireOptions, BadValuesNameTheOption) {
  for (const auto& [key, value] : std::map<std::string, std::string>{{"loss", "101%"},
                                                                     {"duplicate", "nan"},
                                                                     {"corrupt", ""},
                                                                     {"reorder", "1e-3"},
                                                                     {"delay", "11s"},
                                                                     {"jitter", "-1ms"},
                                                                     {"rate", "50%"},
                                                                     {"excess-loss", "0.5"},
                                                                     {"blocked", "1ms"},
                                                                     {"outage", "10s"},
                                                                     {"outage-every", "1s"},
                                                                     {"seed", "-1"}}) {
    const auto spec = parse_wire_options({{key, value}});
    ASSERT_FALSE(spec.has_value()) << key;
    EXPECT_EQ(spec.error().kind, ErrorKind::kUsage);
    EXPECT_NE(spec.error().message.find(key), std::string::npos) << spec.error().message;
  }
}

}  // namespace
}  // namespace wireproof
