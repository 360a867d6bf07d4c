#include "search/load_chooser.h"

#include <gtest/gtest.h>

#include <cmath>

namespace wireproof {
namespace {

TEST(LoadChooser, TakesTheGeometricMiddleWithoutAGuess) {
  LoadChooser chooser(0.005, 0);
  EXPECT_DOUBLE_EQ(chooser.next(1, 1e6), 1e3);
}

TEST(LoadChooser, BracketsTheForwardingRateWithinOneWidth) {
  LoadChooser chooser(0.005, 0);
  chooser.failed(10e6, 1e6);
  const double below = chooser.next(1, 10e6);
  EXPECT_DOUBLE_EQ(below, 998e3);
  chooser.passed(below);
  const double above = chooser.next(below, 10e6);
  EXPECT_DOUBLE_EQ(above, 1002e3);
  EXPECT_LE((above - below) / above, 0.005);
}

TEST(LoadChooser, AllowsForTheLossThatIsAllowed) {
  LoadChooser chooser(0.005, 0.5);
  chooser.failed(10e6, 1e6);
  EXPECT_DOUBLE_EQ(chooser.next(1, 10e6), 2e6 * 0.998);
}

TEST(LoadChooser, WidensSixteenfoldWhenTheGuessWasTooHigh) {
  LoadChooser chooser(0.005, 0);
  chooser.failed(10e6, 1e6);
  const double first = chooser.next(1, 10e6);
  chooser.failed(first, first);  // a soft knee: nearly everything got through
  EXPECT_DOUBLE_EQ(chooser.next(1, first), first * (1 - 0.032));
}

TEST(LoadChooser, WidensSixteenfoldWhenTheGuessWasTooLow) {
  LoadChooser chooser(0.005, 0);
  chooser.failed(10e6, 1e6);
  const double first = chooser.next(1, 10e6);
  chooser.passed(first);
  const double second = chooser.next(first, 10e6);
  chooser.passed(second);
  EXPECT_DOUBLE_EQ(chooser.next(second, 10e6), second * 1.032);
}

TEST(LoadChooser, ForgetsAGuessThatDisappointsTooOften) {
  LoadChooser chooser(0.005, 0);
  double load = 10e6;
  chooser.failed(load, load);
  for (int i = 0; i < 2; ++i) {
    load = chooser.next(1, load);
    chooser.failed(load, load);
  }
  EXPECT_DOUBLE_EQ(chooser.next(1, load), std::sqrt(load));
}

TEST(LoadChooser, IsNeverFooledOutOfItsInterval) {
  LoadChooser chooser(0.005, 0.5);
  chooser.failed(1e6, 9e9);  // a duration measured too short gives an absurd rate
  const double next = chooser.next(10, 1e6);
  EXPECT_GT(next, 10);
  EXPECT_LT(next, 1e6);
}

TEST(LoadChooser, ExpectsTwoTrialsAroundAGuessAndHalvingsWithoutOne) {
  LoadChooser chooser(0.005, 0);
  // ln(148.8e6) / 0.005013 = 3755 widths, 2^12 = 4096.
  EXPECT_EQ(chooser.trials_expected(1, 148.8e6), 12u);
  chooser.failed(148.8e6, 1e6);
  EXPECT_EQ(chooser.trials_expected(1, 148.8e6), 2u);
  EXPECT_EQ(chooser.trials_expected(998e3, 1000e3), 0u);
}

}  // namespace
}  // namespace wireproof
