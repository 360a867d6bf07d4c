#include "af_xdp/hint_line.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"

namespace wireproof::af_xdp {
namespace {

// A NIC whose clock counts from 2020 and runs 37 ppm fast; a frame every 50 us; from the wire to
// the stamp it takes 3 us, and up to 40 us more.
class Wire {
 public:
  struct Arrival {
    Nanoseconds wire = 0;
    std::uint64_t hint = 0;
    Nanoseconds stamp = 0;
  };
  Arrival next() {
    now_ += 50 * kMicrosecond;
    const auto more = static_cast<Nanoseconds>(random_.below(40'000));
    const double ticks = static_cast<double>(now_ - kStart) * (1 + 37e-6);
    return {now_, static_cast<std::uint64_t>(nic_ + static_cast<Nanoseconds>(ticks)),
            now_ + kLeast + more};
  }
  void set_nic_clock(Nanoseconds by) { nic_ += by; }
  static constexpr Nanoseconds kLeast = 3 * kMicrosecond;

 private:
  static constexpr Nanoseconds kStart = 90'000 * kSecond;
  Random random_{11};
  Nanoseconds now_ = kStart;
  Nanoseconds nic_ = 1'577'836'800 * kSecond;
};

TEST(HintLine, TakesTheVaryingPartOfTheWayOutOfTheStamp) {
  Wire wire;
  HintLine line;
  int unlike = 0, used = 0;
  for (int i = 0; i < 100'000; ++i) {  // 5 s
    const Wire::Arrival frame = wire.next();
    const Nanoseconds found = line.convert(frame.hint, frame.stamp);
    ASSERT_LE(found, frame.stamp);
    used += found != frame.stamp;
    if (i > 4000) unlike += std::abs(found - frame.wire - Wire::kLeast) > kMicrosecond;
  }
  EXPECT_GT(used, 95'000);
  EXPECT_EQ(unlike, 0);
}

TEST(HintLine, ANicClockThatIsSetIsNotBelieved) {
  Wire wire;
  HintLine line;
  for (int i = 0; i < 10'000; ++i) {
    const Wire::Arrival frame = wire.next();
    static_cast<void>(line.convert(frame.hint, frame.stamp));
  }
  for (const Nanoseconds by : {-37 * kSecond, 20 * kMillisecond, 3600 * kSecond}) {
    wire.set_nic_clock(by);
    int kept = 0;
    for (int i = 0; i < 10'000; ++i) {
      const Wire::Arrival frame = wire.next();
      const Nanoseconds found = line.convert(frame.hint, frame.stamp);
      ASSERT_LE(found, frame.stamp);
      ASSERT_GE(found, frame.wire - 10 * kMicrosecond) << "set by " << by << ", frame " << i;
      kept += found == frame.stamp;
    }
    EXPECT_GE(kept, 8 * 200) << "the line is learnt anew";
    EXPECT_LT(kept, 5000);
  }
}

// Hints are what a driver says: nothing of it may bring a stamp that cannot be.
TEST(HintLine, NonsenseMovesAStampByItsBoundAtMost) {
  HintLine line;
  Random random(5);
  Nanoseconds stamp = kSecond;
  for (int i = 0; i < 100'000; ++i) {
    stamp += 10 * kMicrosecond;
    const std::uint64_t hint =
        random.chance(0.5) ? random.next() : static_cast<std::uint64_t>(stamp);
    const Nanoseconds found = line.convert(hint, stamp);
    ASSERT_LE(found, stamp);
    ASSERT_GE(found, stamp - HintLine::kLate);
  }
}

}  // namespace
}  // namespace wireproof::af_xdp
