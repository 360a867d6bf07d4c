#include "search/goal_search.h"

#include <gtest/gtest.h>

#include "search/goals_of_the_field.h"

namespace wireproof {
namespace {

constexpr LoadRange kRange{.lowest = 9001, .highest = 14'880'952};

// What is known of one goal, trial by trial.
class GoalSearchTest : public ::testing::Test {
 protected:
  void look_at(double fps, Nanoseconds duration, double loss, const Wish* wished = nullptr) {
    TrialResult trial;
    trial.spec = {.intended_fps = fps, .duration = duration};
    trial.duration = duration;
    trial.directions.resize(1);
    Counts& counts = trial.directions[0].counts;
    counts.intended = counts.offered = static_cast<std::uint64_t>(fps * seconds(duration));
    counts.lost = static_cast<std::uint64_t>(loss * static_cast<double>(counts.offered));
    counts.unique = counts.received = counts.offered - counts.lost;
    book_.keep(std::move(trial));
    book_.take_as_evidence(book_.trials().size() - 1);
    goal_.look(book_, range_, wished);
  }
  void use(const SearchSpec& spec) { goal_ = GoalSearch(spec); }

  LoadRange range_ = kRange;
  TrialBook book_;
  GoalSearch goal_{goals::csit()[0]};
};

TEST_F(GoalSearchTest, AGoodLoadAboveABadOneIsNotTheLowerEnd) {
  look_at(1e6, kSecond, 0);
  look_at(2e6, kSecond, 0.1);
  look_at(3e6, kSecond, 0);
  EXPECT_EQ(goal_.low()->fps, 1e6);
  EXPECT_EQ(goal_.high()->fps, 2e6);
  for (int i = 0; i < 10; ++i) look_at(3e6, kSecond, 0);
  EXPECT_EQ(goal_.lower_bound()->fps, 3e6);  // nothing is an upper bound yet
  for (int i = 0; i < 10; ++i) look_at(2e6, kSecond, 0.1);
  EXPECT_EQ(goal_.upper_bound()->fps, 2e6);
  EXPECT_EQ(goal_.lower_bound(), nullptr);
  EXPECT_EQ(goal_.low()->fps, 1e6);
}

TEST_F(GoalSearchTest, AnEndThatComesOutOtherwiseOpensTheInterval) {
  look_at(1e6, kSecond, 0);
  look_at(1.004e6, kSecond, 0.1);
  look_at(2e6, kSecond, 0.5);
  EXPECT_TRUE(goal_.wish(kRange)->decides);
  look_at(1.004e6, kSecond, 0);
  EXPECT_EQ(goal_.low()->fps, 1.004e6);
  EXPECT_EQ(goal_.high()->fps, 2e6);
  EXPECT_FALSE(goal_.wish(kRange)->decides);
}

TEST_F(GoalSearchTest, TheEndThatFewerTrialsWereMadeAtIsNext) {
  look_at(1e6, kSecond, 0);
  look_at(1.004e6, kSecond, 0.1);
  EXPECT_EQ(goal_.wish(kRange)->fps, 1e6);
  look_at(1e6, kSecond, 0);
  EXPECT_EQ(goal_.wish(kRange)->fps, 1.004e6);
}

// Below a device's capacity as the frames say that came back of its highest load.
TEST_F(GoalSearchTest, TheFirstProbesAreBesideWhatCameBack) {
  EXPECT_EQ(goal_.wish(kRange)->fps, kRange.highest);
  look_at(kRange.highest, kSecond, 1 - 1e6 / kRange.highest);
  const Wish below = *goal_.wish(kRange);
  EXPECT_NEAR(below.fps, 998'000, 10);
  EXPECT_EQ(below.expects, Wish::Expects::kGood);
  look_at(below.fps, kSecond, 0, &below);
  const Wish above = *goal_.wish(kRange);
  EXPECT_GT(above.fps, 1e6);
  EXPECT_LT(above.fps, below.fps / 0.995);
  EXPECT_EQ(above.expects, Wish::Expects::kBad);
}

// Between a load that lost 0.1 % and one that lost a half the frames that are too many begin just
// above the first; their ratio says 0.5 % is far up. What the one says is good and moves the guess
// further than it reached: the other is asked next, and is right of a loss that sets in gradually.
TEST_F(GoalSearchTest, AGuessThatItsOwnProbeMovesIsNotBelievedTwice) {
  use(goals::csit()[1]);
  look_at(1.1e6, kSecond, 0.001);
  look_at(51e6 / 5, kSecond, 0.092);  // 0.1 % at 1.1 Mpps, and 1 % more each 1 Mpps
  const Wish first = *goal_.wish(kRange);
  EXPECT_LT(first.fps, 1.2e6);
  look_at(first.fps, kSecond, (first.fps - 1e6) / 1e8, &first);
  const Wish second = *goal_.wish(kRange);
  EXPECT_NEAR(second.fps, 1.5e6, 0.01e6);
}

TEST_F(GoalSearchTest, WhereAFullTrialContradictsShortOnesTheyAreNotBelieved) {
  use(goals::rfc2544()[0]);
  look_at(1.1e6, kSecond, 0);
  look_at(1.15e6, kSecond, 0);
  look_at(1.153e6, kSecond, 0.002);
  EXPECT_EQ(goal_.low()->fps, 1.15e6);
  look_at(1.15e6, 60 * kSecond, 0.13);
  EXPECT_EQ(goal_.low(), nullptr);
  EXPECT_EQ(goal_.upper_bound()->fps, 1.15e6);
  const Wish next = *goal_.wish(kRange);
  EXPECT_EQ(next.duration, 60 * kSecond);
  EXPECT_LT(next.fps, 1.01e6);
}

TEST_F(GoalSearchTest, ALoadThatCannotBeTriedAnyMoreIsNoEnd) {
  use(goals::rfc2544()[0]);
  look_at(1e6, kSecond, 0);
  look_at(1.004e6, kSecond, 0.0005);
  EXPECT_EQ(goal_.wish(kRange)->fps, 1e6);
  range_ = {.lowest = 9001, .highest = 1e6, .closed_above = true, .given_up = 1};
  goal_.look(book_, range_, nullptr);
  EXPECT_EQ(goal_.low(), nullptr);
  EXPECT_EQ(goal_.high()->fps, 1.004e6);  // one short trial has decided it
  const Wish next = *goal_.wish(range_);
  EXPECT_DOUBLE_EQ(next.fps, 1e6 * 0.995);
  range_.given_up = 3;
  EXPECT_DOUBLE_EQ(goal_.wish(range_)->fps, 1e6 * 0.98);
  look_at(next.fps, kSecond, 0, &next);
  EXPECT_EQ(goal_.low()->fps, next.fps);
}

TEST_F(GoalSearchTest, WithNothingGoodItGoesDownByWhatWasLost) {
  look_at(8e6, kSecond, 1);
  EXPECT_EQ(goal_.wish(kRange)->fps, 1e6);
  look_at(1e6, kSecond, 1);
  look_at(125e3, kSecond, 1);
  EXPECT_EQ(goal_.wish(kRange)->fps, 125e3 / 8);
  look_at(125e3 / 8, kSecond, 1);
  EXPECT_EQ(goal_.wish(kRange)->fps, kRange.lowest);
}

}  // namespace
}  // namespace wireproof
