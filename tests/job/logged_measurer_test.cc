#include "job/logged_measurer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "report/json.h"
#include "search/mlr.h"
#include "search/simulated_device.h"
#include "suite/plan.h"
#include "suite/simulated_box.h"
#include "trial/numbered.h"

namespace wireproof {
namespace {

// A measurer that a signal ends.
class Killed final : public Measurer {
 public:
  Killed(Measurer& inner, std::size_t after) : inner_(inner), left_(after) {}
  Result<TrialResult> measure(const TrialSpec& spec) override {
    if (left_ == 0) return fail(ErrorKind::kInterrupted, "killed");
    --left_;
    ++measured;
    return inner_.measure(spec);
  }
  std::size_t measured = 0;

 private:
  Measurer& inner_;
  std::size_t left_;
};

class LoggedMeasurerTest : public ::testing::Test {
 protected:
  LoggedMeasurerTest() {
    char name[] = "/tmp/wireproof-log-XXXXXX";
    folder_ = mkdtemp(name);
    path_ = folder_ + "/run.log";
    report_.here().host = "lab1";
    report_.settings = {{"tx", "a"}, {"precision", "0.005"}};
  }
  ~LoggedMeasurerTest() override { std::filesystem::remove_all(folder_); }

  auto open(const TrialLogSettings& log) {
    return LoggedMeasurer::open(log, Verb::kSearch, clock_, report_);
  }
  std::string why_not(const TrialLogSettings& log) {
    const auto made = open(log);
    return made ? "opened" : made.error().message;
  }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path_);
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }
  void write(const std::string& text) const { std::ofstream(path_) << text; }

  // A search by a tester that is disturbed at random; the seed is the tester's.
  struct Found {
    std::vector<SearchResult> results;
    std::size_t measured = 0;
  };
  Found search(const TrialLogSettings& log, std::size_t stop_after = SIZE_MAX) {
    SimulatedTester tester(device::stalling(1e6, 0.05, 0.001), clock_, 7);
    tester.tester_max_fps = 3e6;
    tester.invalid_probability = 0.2;
    // What a tester that is started again has not forgotten: here, by what was drawn before.
    const auto made = open(log);
    EXPECT_TRUE(made) << made.error().message;
    if (!made) return {};
    for (std::size_t i = 0; i < replayed_; ++i) {
      static_cast<void>(tester.measure(specs_[i]));
    }
    Killed killed(tester, stop_after);
    (*made)->use(killed);
    // RFC 9971's goal of the CSIT project: some thirty trials.
    const std::vector<SearchSpec> goals{{.goal = {"csit-ndr", 0, 0.5},
                                         .max_fps = 3e6,
                                         .trial_duration = kSecond,
                                         .final_duration = kSecond,
                                         .duration_sum = 21 * kSecond}};
    NumberedMeasurer numbered;
    numbered.use(**made);
    auto found = mlr_search(goals, numbered, (*made)->clock());
    EXPECT_TRUE(found || stop_after == 0);
    return {found ? *found : std::vector<SearchResult>{}, killed.measured};
  }

  std::string folder_, path_;
  FakeClock clock_;
  RunReport report_;
  std::size_t replayed_ = 0;
  std::vector<TrialSpec> specs_;
};

std::string same_but_for_times(SearchResult result) {
  RunReport report;
  report.kind = ReportKind::kSearch;
  result.elapsed = 0;
  report.searches = {std::move(result)};
  return to_json(report);
}

TEST_F(LoggedMeasurerTest, ARunThatWasStoppedAnywhereEndsAsIfItHadNotBeen) {
  const Found whole = search({.begin = path_});
  ASSERT_EQ(whole.results.size(), 1u);
  for (const TrialResult& trial : whole.results[0].trials) specs_.push_back(trial.spec);
  const std::string wanted = same_but_for_times(whole.results[0]);
  ASSERT_GT(whole.measured, 25u);
  for (std::size_t stop = 0; stop <= whole.measured; ++stop) {
    std::filesystem::remove(path_);
    replayed_ = 0;
    search({.begin = path_}, stop);
    replayed_ = stop;
    const Found rest = search({.resume = path_});
    ASSERT_EQ(rest.results.size(), 1u) << stop;
    EXPECT_EQ(rest.measured, whole.measured - stop) << stop;
    EXPECT_EQ(same_but_for_times(rest.results[0]), wanted) << stop;
    EXPECT_EQ(rest.results[0].elapsed, whole.results[0].elapsed) << stop;
  }
}

TEST_F(LoggedMeasurerTest, WhatIsInTheLogIsNotMeasuredAgain) {
  const Found whole = search({.begin = path_});
  report_.notes.clear();
  const Found again = search({.resume = path_}, 0);
  EXPECT_EQ(again.measured, 0u);
  ASSERT_EQ(again.results.size(), 1u);
  EXPECT_EQ(same_but_for_times(again.results[0]), same_but_for_times(whole.results[0]));
  ASSERT_EQ(report_.notes.size(), 1u);
  EXPECT_EQ(report_.notes[0].find("the first " + std::to_string(whole.measured) + " trials were"),
            0u)
      << report_.notes[0];
}

TEST_F(LoggedMeasurerTest, WithoutALogItOnlyPassesOn) {
  const auto made = open({});
  ASSERT_TRUE(made);
  SimulatedTester tester(device::ideal(1e6), clock_);
  (*made)->use(tester);
  EXPECT_TRUE((*made)->measure({.intended_fps = 1000, .duration = kSecond}));
  EXPECT_EQ((*made)->clock().now(), clock_.now());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(LoggedMeasurerTest, AnInterruptedTrialIsNoneOfTheLog) {
  const auto made = open({.begin = path_});
  SimulatedTester tester(device::ideal(1e6), clock_);
  tester.interrupted_at = 0;
  (*made)->use(tester);
  const std::string before = text();
  EXPECT_TRUE((*made)->measure({.intended_fps = 1000, .duration = kSecond})->interrupted);
  EXPECT_EQ(text(), before);
}

TEST_F(LoggedMeasurerTest, AnotherTrialThanTheLogsEndsIt) {
  const TrialSpec spec{.id = 1, .intended_fps = 1000, .duration = kSecond};
  {
    const auto made = open({.begin = path_});
    SimulatedTester tester(device::ideal(1e6), clock_);
    (*made)->use(tester);
    ASSERT_TRUE((*made)->measure(spec));
  }
  const auto refused = [&](auto change) {
    const auto made = open({.resume = path_});
    TrialSpec other = spec;
    change(other);
    const auto trial = (*made)->measure(other);
    return !trial && trial.error().kind == ErrorKind::kPrecondition;
  };
  EXPECT_FALSE(refused([](TrialSpec&) {}));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.id = 2; }));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.intended_fps = 1000.5; }));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.duration += 1'000'000; }));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.max_rate = true; }));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.frames = 5; }));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.frame_size = 65; }));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.goal_loss_ratio = 0.1; }));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.link_may_go = true; }));
  EXPECT_TRUE(refused([](TrialSpec& other) { other.step = RateStep{.at = 1000, .fps = 1}; }));
}

TEST_F(LoggedMeasurerTest, ALineThatWasCutOffIsMeasuredAgain) {
  const Found whole = search({.begin = path_});
  const std::string all = text();
  write(all.substr(0, all.size() - 10));
  report_.notes.clear();
  search({.resume = path_}, 0);
  ASSERT_EQ(report_.notes.size(), 2u);
  EXPECT_NE(report_.notes[0].find("was cut off"), std::string::npos);
  EXPECT_NE(report_.notes[1].find("first " + std::to_string(whole.measured - 1) + " trials"),
            std::string::npos);
}

TEST_F(LoggedMeasurerTest, LogsOfOtherRunsAreRefused) {
  search({.begin = path_});
  EXPECT_EQ(why_not({.begin = path_}), "the log '" + path_ + "' is there already");
  EXPECT_NE(why_not({.resume = folder_ + "/none"}).find("No such file"), std::string::npos);
  EXPECT_NE(why_not({.resume = folder_}), "opened");
  {
    const auto held = open({.resume = path_});
    EXPECT_EQ(why_not({.resume = path_}), "the log '" + path_ + "' is in use by another run");
  }
  const std::string all = text();
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string other = all;
    other.replace(other.find(from), from.size(), to);
    write(other);
    return why_not({.resume = path_});
  };
  const std::string begin = "the log cannot be resumed: ";
  EXPECT_EQ(changed("\"0.005\"", "\"0.05\""), begin + "it is of a run with another 'precision'");
  EXPECT_EQ(changed("\"tx\"", "\"rx\""), begin + "it is of a run with another 'tx'");
  EXPECT_EQ(changed("\"settings\":{", "\"settings\":{\"\":1,"),
            begin + "it is of a run with another ''");
  EXPECT_EQ(changed("\"settings\":{", "\"settings\":{\"\\u001b[2J\":1,"),
            begin + "it is of a run with another '?[2J'");
  EXPECT_EQ(changed("lab1", "lab2"), begin + "it was written on another host");
  EXPECT_EQ(changed("\"search\"", "\"rfc2544\""), begin + "it is of another verb, not of search");
  EXPECT_EQ(changed("wireproof/trial-log", "wireproof/result"), begin + "it is no log of trials");
  EXPECT_EQ(changed("\"1.0\"", "\"2.0\""), begin + "it is of a later schema version");
  EXPECT_EQ(changed("\"frame_size\":64", "\"frame_size\":-4"),
            begin + "line 2 is damaged at /trial/frame_size");
  EXPECT_EQ(changed("{\"took_ns\"", "[\"took_ns\""), begin + "line 2 is damaged at /");
  write("");
  EXPECT_EQ(why_not({.resume = path_}), begin + "its first line is missing");
  write(all);
  EXPECT_EQ(why_not({.resume = path_}), "opened");
}

// Answers with pre-emptions, by the verdict that it is given.
class Preempted final : public Measurer {
 public:
  Result<TrialResult> measure(const TrialSpec& spec) override {
    TrialResult trial{.spec = spec, .verdict = verdict};
    DirectionResult one{.from = "a", .to = "b", .counts = {.intended = 10, .offered = 10}};
    one.pacing.mode = "burst";
    one.pacing.preemptions = {.count = 2, .total = 9, .max = 5, .log = {{1, 4}, {7, 5}}};
    one.receive_preemptions = {.threshold = 1, .count = 1, .total = 3, .max = 3, .log = {{2, 3}}};
    trial.directions = {one};
    return trial;
  }
  Verdict verdict = Verdict::kPass;
};

// With a log or without, when it is written and when it is read.
TEST_F(LoggedMeasurerTest, ValidTrialsAreWithoutTheLogOfTheirPreemptions) {
  Preempted inner;
  const auto logs = [](LoggedMeasurer& measurer, std::uint64_t id) {
    const auto trial = measurer.measure({.id = id, .intended_fps = 1000, .duration = kSecond});
    EXPECT_TRUE(trial);
    const DirectionResult& one = trial->directions.at(0);
    EXPECT_EQ(one.pacing.preemptions.count, 2u);
    EXPECT_EQ(one.receive_preemptions.total, 3);
    return one.pacing.preemptions.log.size() + one.receive_preemptions.log.size();
  };
  for (const TrialLogSettings& log : {TrialLogSettings{}, TrialLogSettings{.begin = path_}}) {
    const auto made = open(log);
    ASSERT_TRUE(made) << made.error().message;
    (*made)->use(inner);
    inner.verdict = Verdict::kPass;
    EXPECT_EQ(logs(**made, 1), 0u);
    inner.verdict = Verdict::kFail;
    EXPECT_EQ(logs(**made, 2), 0u);
    inner.verdict = Verdict::kInvalid;
    EXPECT_EQ(logs(**made, 3), 3u);
  }
  std::string all = text();  // as an earlier version wrote it
  const std::string empty = "\"log\":[]";
  ASSERT_NE(all.find(empty), std::string::npos);
  all.replace(all.find(empty), empty.size(), R"("log":[{"at_ns":1,"length_ns":4}])");
  write(all);
  const auto again = open({.resume = path_});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(logs(**again, 1), 0u);
  EXPECT_EQ(logs(**again, 2), 0u);
  EXPECT_EQ(logs(**again, 3), 3u);
}

TEST_F(LoggedMeasurerTest, ADiskThatIsFullIsSaid) {
  EXPECT_NE(why_not({.begin = "/dev/full"}).find("/dev/full"), std::string::npos);
  const auto made = open({.begin = "/no/such/folder/log"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::kOutput);
}

// Who would be told again, for a trial that is over.
class Counted final : public Resetter {
 public:
  Status begin(Nanoseconds) override {
    ++begun;
    return {};
  }
  Status end() override {
    ++ended;
    return {};
  }
  int begun = 0, ended = 0;
};

TEST_F(LoggedMeasurerTest, ADeviceIsNotResetForATrialOfTheLog) {
  const TrialSpec spec{.id = 1, .intended_fps = 1000, .duration = kSecond};
  SimulatedTester tester(device::ideal(1e6), clock_);
  const auto one_reset = [&](const TrialLogSettings& log) {
    const auto made = open(log);
    (*made)->use(tester);
    Counted inner;
    ResetUnlessLogged reset(inner, **made);
    EXPECT_TRUE(reset.begin(kSecond));
    EXPECT_TRUE((*made)->measure(spec));
    EXPECT_TRUE(reset.end());
    EXPECT_EQ(inner.begun, inner.ended);
    return inner.begun;
  };
  EXPECT_EQ(one_reset({.begin = path_}), 1);
  EXPECT_EQ(one_reset({.resume = path_}), 0);
}

}  // namespace
}  // namespace wireproof
