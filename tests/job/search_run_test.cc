#include "job/search_run.h"

#include <gtest/gtest.h>

#include "search/simulated_device.h"

namespace wireproof {
namespace {

class SearchRunTest : public ::testing::Test {
 protected:
  SearchRunTest() {
    const SearchSpec ndr{.max_fps = 10e6};
    SearchSpec pdr = ndr;
    pdr.goal = {"pdr", 0.005};
    SearchSpec larger = ndr;
    larger.frame_size = 512;
    run_.method = SearchMethod::kBisect;
    run_.sizes = {{"64", {ndr, pdr}}, {"512", {larger}}};
    run_.measurer_for = [this](std::size_t index) -> Result<Measurer*> {
      asked_for_.push_back(index);
      if (refuse_ == index) return fail(ErrorKind::kUsage, "512 is too large");
      return &tester_;
    };
    run_.on_trial = [this](const TrialResult& trial) { ids_.push_back(trial.spec.id); };
    run_.on_progress = [this](const std::string& line) { lines_.push_back(line); };
  }

  RunReport search() {
    RunReport report;
    ended_ = run_searches(run_, clock_, report);
    return report;
  }

  FakeClock clock_;
  SimulatedTester tester_{device::ideal(1e6), clock_};
  SearchRun run_;
  Status ended_;
  std::optional<std::size_t> refuse_;
  std::vector<std::size_t> asked_for_;
  std::vector<std::uint64_t> ids_;
  std::vector<std::string> lines_;
};

TEST_F(SearchRunTest, OneSearchForEachSizeAndGoal) {
  const RunReport report = search();
  ASSERT_EQ(report.searches.size(), 3u);
  EXPECT_EQ(report.searches[0].spec.goal.name, "ndr");
  EXPECT_EQ(report.searches[1].spec.goal.name, "pdr");
  EXPECT_EQ(report.searches[2].spec.frame_size, 512u);
  EXPECT_EQ(report.status, RunStatus::kOk);
  EXPECT_EQ(asked_for_, (std::vector<std::size_t>{0, 1}));
}

TEST_F(SearchRunTest, TrialsAreNumberedThroughAll) {
  const RunReport report = search();
  for (std::size_t i = 0; i < ids_.size(); ++i) EXPECT_EQ(ids_[i], i + 1);
  EXPECT_EQ(report.searches[2].trials.back().spec.id, ids_.size());
  EXPECT_EQ(lines_.size(), ids_.size());
}

TEST_F(SearchRunTest, ProgressSaysWhereItIsAndHowLong) {
  search();
  // Two trials of 1.5 s here, then two searches as long as this one: 4.5 s each.
  EXPECT_EQ(lines_[0], "[1/3] 64 bytes, ndr: trial 1, ? .. 10,000,000 frames/s, about 12 s left");
  EXPECT_EQ(lines_.back(),
            "[3/3] 512 bytes, ndr: trial 3, 998,000 .. 1,002,000 frames/s, about 0 s left");
}

TEST_F(SearchRunTest, ProgressSaysAtOnceThatATrialWasInvalid) {
  for (const SearchMethod method : {SearchMethod::kBisect, SearchMethod::kMlr}) {
    run_.method = method;
    tester_.receive_max_fps = 5e5;
    lines_.clear();
    search();
    EXPECT_NE(lines_[0].find("ndr: trial 1 (invalid: rx ring), ?"), std::string::npos) << lines_[0];
  }
}

TEST_F(SearchRunTest, WithoutAnAnswerTheRunIsInvalid) {
  tester_.receive_max_fps = 0;
  EXPECT_EQ(search().status, RunStatus::kInvalid);
}

TEST_F(SearchRunTest, AnInterruptionKeepsWhatThereIsAndEndsTheRun) {
  tester_.interrupted_at = 4;
  const RunReport report = search();
  EXPECT_EQ(report.status, RunStatus::kAborted);
  ASSERT_EQ(report.searches.size(), 2u);
  EXPECT_TRUE(report.searches[0].regular);
  EXPECT_TRUE(report.searches[1].interrupted);
}

TEST_F(SearchRunTest, AnErrorInMidSearchKeepsWhatThereIsAndEndsTheRun) {
  tester_.error_at = 4;
  tester_.error = {ErrorKind::kPrecondition, "the interface is gone"};
  const RunReport report = search();
  EXPECT_EQ(ended_.error().message, "the interface is gone");
  ASSERT_EQ(report.searches.size(), 2u);
  EXPECT_EQ(report.searches[1].trials.size(), 3u);  // two of the first search's, and one
}

// The bound of a goal is what the run has proven, whichever goal it was for and in whichever order.
TEST_F(SearchRunTest, NoGoalIsAnsweredBelowAnother) {
  for (const bool reversed : {false, true}) {
    if (reversed) std::swap(run_.sizes[0].goals[0], run_.sizes[0].goals[1]);
    const RunReport report = search();
    const std::size_t ndr = reversed ? 1 : 0;
    EXPECT_GE(*report.searches[1 - ndr].lower_bound_fps, *report.searches[ndr].lower_bound_fps);
  }
}

TEST_F(SearchRunTest, ASizeThatCannotBeMeasuredEndsTheRun) {
  refuse_ = 1;
  const RunReport report = search();
  EXPECT_EQ(ended_.error().message, "512 is too large");
  EXPECT_EQ(report.searches.size(), 2u);
}

// All goals of a size in one search: one list of trials for both.
TEST_F(SearchRunTest, ByMlrTheGoalsOfASizeAreSearchedAtOnce) {
  run_.method = SearchMethod::kMlr;
  const RunReport report = search();
  EXPECT_EQ(report.status, RunStatus::kOk);
  ASSERT_EQ(report.searches.size(), 3u);
  EXPECT_EQ(report.searches[0].spec.goal.name, "ndr");
  EXPECT_EQ(report.searches[1].spec.goal.name, "pdr");
  EXPECT_EQ(report.searches[2].spec.frame_size, 512u);
  const auto& trials = report.searches[0].trials;
  ASSERT_EQ(trials.size(), report.searches[1].trials.size());
  for (std::size_t i = 0; i < trials.size(); ++i)
    EXPECT_EQ(trials[i].spec.id, report.searches[1].trials[i].spec.id);
  EXPECT_EQ(report.searches[2].trials.front().spec.id, trials.size() + 1);
  for (std::size_t i = 0; i < ids_.size(); ++i) EXPECT_EQ(ids_[i], i + 1);
  EXPECT_EQ(lines_.size(), ids_.size());
  EXPECT_TRUE(lines_[0].starts_with("[1/3] 64 bytes, ndr: trial 1, ")) << lines_[0];
  EXPECT_TRUE(lines_.back().starts_with("[3/3] 512 bytes, ndr: trial ")) << lines_.back();
  EXPECT_TRUE(lines_.back().ends_with("about 0 s left")) << lines_.back();
}

TEST_F(SearchRunTest, ByMlrTheTimeIsSharedOutByGoalsAndAnErrorEndsTheRun) {
  run_.method = SearchMethod::kMlr;
  run_.time_limit = 90 * kSecond;
  tester_.error_at = 2;
  tester_.error = {ErrorKind::kPrecondition, "the interface is gone"};
  const RunReport report = search();
  ASSERT_EQ(report.searches.size(), 2u);
  EXPECT_EQ(report.searches[0].spec.time_limit, 60 * kSecond);
  EXPECT_EQ(report.searches[1].trials.size(), 2u);
  EXPECT_EQ(ended_.error().message, "the interface is gone");
  EXPECT_EQ(asked_for_.size(), 1u);
}

TEST_F(SearchRunTest, TheTimeLimitIsSharedOut) {
  run_.time_limit = 9 * kSecond;  // each search wants 4.5 s
  const RunReport report = search();
  ASSERT_EQ(report.searches.size(), 3u);
  EXPECT_LE(clock_.now(), 9 * kSecond);
  for (const SearchResult& search : report.searches) EXPECT_FALSE(search.trials.empty());
  // A third of it, and no later search is left with less than its part of what remains.
  EXPECT_EQ(report.searches[0].spec.time_limit, 3 * kSecond);
  EXPECT_LE(report.searches[0].elapsed, 3 * kSecond);
  EXPECT_GE(report.searches[1].spec.time_limit, 3 * kSecond);
  EXPECT_GE(report.searches[2].spec.time_limit, 3 * kSecond);
}

}  // namespace
}  // namespace wireproof
