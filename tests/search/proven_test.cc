#include "search/proven.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

// A second at that load, or as long as is said, of which that share was lost.
TrialResult trial(double fps, double lost, Nanoseconds duration = kSecond) {
  TrialResult result{.spec = {.intended_fps = fps, .duration = duration}};
  result.duration = duration;
  const auto offered =
      static_cast<std::uint64_t>(fps * static_cast<double>(duration) / double{kSecond});
  DirectionResult one{.from = "a", .to = "b"};
  one.counts.offered = one.counts.intended = offered;
  one.counts.lost = static_cast<std::uint64_t>(static_cast<double>(offered) * lost);
  one.counts.unique = one.counts.received = offered - one.counts.lost;
  one.attribution.dut = one.counts.lost;
  result.directions = {one};
  result.verdict = lost > 0 ? Verdict::kFail : Verdict::kPass;
  return result;
}

class ProvenTest : public ::testing::Test {
 protected:
  Proven proven(std::optional<double> upper = std::nullopt) {
    std::vector<const TrialResult*> all;
    for (const TrialResult& one : trials_) all.push_back(&one);
    return proven_by(all, spec_, upper);
  }

  SearchSpec spec_{.trial_duration = kSecond};
  std::vector<TrialResult> trials_;
};

TEST_F(ProvenTest, TheHighestThatPassedBelowTheLowestThatFailed) {
  trials_ = {trial(100, 0),   trial(300, 0),   trial(200, 0),  trial(900, 0),
             trial(800, 0.1), trial(500, 0.1), trial(600, 0.1)};
  ASSERT_NE(proven().failed, nullptr);
  EXPECT_EQ(load_of(*proven().failed), 500);
  ASSERT_NE(proven().passed, nullptr);
  EXPECT_EQ(load_of(*proven().passed), 300) << "what passed above a failure proves nothing";
  EXPECT_EQ(load_of(*proven(250).passed), 200);
  EXPECT_EQ(proven(250).failed, nullptr) << "it is known already";
}

TEST_F(ProvenTest, ByTrialsThatAreLongEnoughAndSound) {
  spec_.trial_duration = 2 * kSecond;
  trials_ = {trial(300, 0), trial(100, 0, 2 * kSecond), trial(400, 0.1),
             trial(500, 0.1, 2 * kSecond)};
  EXPECT_EQ(load_of(*proven().passed), 100);
  EXPECT_EQ(load_of(*proven().failed), 500);
  for (TrialResult& one : trials_) one.verdict = Verdict::kInvalid;
  EXPECT_EQ(proven().passed, nullptr);
  EXPECT_EQ(proven().failed, nullptr);
}

TEST_F(ProvenTest, ByTheGoalThatIsAskedNotByTheTrialsOwn) {
  trials_ = {trial(1000, 0.004), trial(2000, 0.006)};
  spec_.goal = {"pdr", 0.005};
  EXPECT_EQ(load_of(*proven().passed), 1000);
  EXPECT_EQ(load_of(*proven().failed), 2000);
  spec_.goal = {"ndr", 0};
  EXPECT_EQ(proven().passed, nullptr);
  EXPECT_EQ(load_of(*proven().failed), 1000);
}

// What a trial left out the device had not to carry: of two directions, in the one that left out
// most, however many each sent.
TEST_F(ProvenTest, ByWhatATrialOfferedOfItsLoad) {
  TrialResult both = trial(1000, 0, 2 * kSecond);
  both.directions.push_back(both.directions[0]);
  EXPECT_EQ(proven_fps(both), 1000);
  both.directions[1].counts.unsent = 40;
  EXPECT_EQ(proven_fps(both), 980);
  EXPECT_EQ(load_of(both), 1000);

  trials_ = {trial(990, 0, 2 * kSecond), both};
  EXPECT_EQ(load_of(*proven().passed), 990) << "it has proven more than the higher load did";
  EXPECT_EQ(proven(1000).passed->spec.intended_fps, 990);
}

// A load that is no whole number of frames in the duration is offered in full all the same.
TEST_F(ProvenTest, PartsOfAFrameAreNotLeftOut) {
  EXPECT_DOUBLE_EQ(proven_fps(trial(3177.7, 0, 200 * kMillisecond)), 3177.7);
}

TEST_F(ProvenTest, AnotherGoalsTrialRaisesTheAnswerByWhatItOffered) {
  SearchResult result{.spec = spec_};
  result.lower_bound_fps = 400;
  result.upper_bound_fps = 600;
  trials_ = {trial(500, 0)};
  trials_[0].directions[0].counts.unsent = 20;
  const std::vector<const TrialResult*> all{trials_.data()};
  reconcile(result, all);
  EXPECT_EQ(result.lower_bound_fps, 480);
  trials_[0].directions[0].counts.unsent = 30;
  reconcile(result, all);
  EXPECT_EQ(result.lower_bound_fps, 480) << "470 are less";
}

// A search whose answer is confirmed by a longer trial is so by one of that length alone.
TEST_F(ProvenTest, AShortTrialOfAnotherGoalRaisesTheAnswerWithoutConfirmingIt) {
  for (const Nanoseconds duration : {kSecond, 2 * kSecond}) {
    SearchResult result{.spec = spec_, .regular = true};
    result.spec.final_duration = 2 * kSecond;
    result.lower_bound_fps = 400;
    result.upper_bound_fps = 501;
    trials_ = {trial(500, 0, duration)};
    const std::vector<const TrialResult*> all{trials_.data()};
    reconcile(result, all);
    EXPECT_EQ(result.lower_bound_fps, 500);
    EXPECT_EQ(result.regular, duration == 2 * kSecond);
    EXPECT_EQ(result.reason.empty(), result.regular) << result.reason;
  }
}

// "cannot guarantee any load" is not true any more of a search that has a bound.
TEST_F(ProvenTest, AReasonGoesWithTheBoundThatItWasOf) {
  SearchResult result{
      .spec = spec_, .tester_limited = true, .reason = "the tester cannot guarantee any load: x"};
  trials_ = {trial(500, 0)};
  const std::vector<const TrialResult*> all{trials_.data()};
  reconcile(result, all);
  EXPECT_EQ(result.lower_bound_fps, 500);
  EXPECT_FALSE(result.regular);
  EXPECT_FALSE(result.tester_limited);
  EXPECT_EQ(result.reason, "the lower bound is from a trial for another goal");
}

TEST_F(ProvenTest, ATrialThatMeetsAnotherGoalIsAPassOfItsOwn) {
  spec_.goal = {"pdr", 0.005};
  SearchResult result{.spec = spec_};
  result.lower_bound_fps = 400;
  trials_ = {trial(1000, 0.004)};
  trials_[0].reason = "4 of 1,000 frames lost";
  const std::vector<const TrialResult*> all{trials_.data()};
  reconcile(result, all);
  EXPECT_EQ(result.lower_bound_fps, 1000);
  EXPECT_EQ(result.conditional_throughput_fps, 996) << "without what was lost within the goal";
  ASSERT_TRUE(result.final_trial);
  EXPECT_EQ(result.final_trial->verdict, Verdict::kPass);
  EXPECT_EQ(result.final_trial->reason, "");
  EXPECT_EQ(result.final_trial->spec.goal_loss_ratio, 0.005);
}

}  // namespace
}  // namespace wireproof
