// A suite on a simulated box, of one frame size. What all its tests begin with.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "suite/plan.h"
#include "suite/simulated_box.h"
#include "suite/suite_run.h"

namespace wireproof {

inline constexpr double kBoxCapacity = 1'000;
inline constexpr double kBoxHighest = 5'000;

// Who resets nothing, and remembers being asked.
class Watched final : public Resetter {
 public:
  Status begin(Nanoseconds after) override {
    begun.push_back(after);
    return {};
  }
  Status end() override {
    ++ended;
    return refuses ? Status(fail(ErrorKind::kPrecondition, "it failed")) : Status{};
  }
  std::vector<Nanoseconds> begun;
  int ended = 0;
  bool refuses = false;
};

class SuiteRunTest : public ::testing::Test {
 protected:
  SuiteRunTest() { use({.rate_fps = kBoxCapacity, .queue_frames = 50}); }

  void use(const WireSpec& wire) { box_.emplace(wire, clock_); }

  // One size, of that highest rate; 0: the tester's own.
  void quick(std::vector<SuiteTest> tests, double highest = kBoxHighest) {
    run_.spec = quick_length(std::move(tests));
    run_.sizes = {{.name = "64",
                   .goals = {{.min_fps = 1,
                              .max_fps = highest,
                              .trial_duration = kSecond,
                              .final_duration = kSecond}},
                   .max_fps = highest,
                   .limit = highest > 0 ? RateLimit::kGivenLine : RateLimit::kMeasured}};
  }
  void full(std::vector<SuiteTest> tests) {
    quick({});
    run_.spec = full_length(std::move(tests));
    run_.sizes[0].goals[0].final_duration = run_.sizes[0].goals[0].duration_sum = 60 * kSecond;
  }

  // Of the first size.
  const SuiteSizeResult& run() {
    run_.measurer_for = [this](std::size_t) -> Result<Measurer*> { return &*box_; };
    run_.on_progress = [this](const SuiteProgress& progress) { told_.push_back(progress); };
    found_ = {};
    ended_ = run_suite(run_, clock_, found_);
    return found_.result.sizes.at(0);
  }

  [[nodiscard]] std::vector<TrialSpec> asked_for(const std::vector<std::uint64_t>& ids) const {
    std::vector<TrialSpec> specs;
    for (const std::uint64_t id : ids) specs.push_back(box_->asked.at(id - 1));
    return specs;
  }

  FakeClock clock_;
  std::optional<SimulatedBox> box_;
  SuiteRun run_;
  SuiteFindings found_;
  Status ended_;
  std::vector<SuiteProgress> told_;
};

inline const std::vector<SuiteTest> kAllButReset{SuiteTest::kThroughput, SuiteTest::kLatency,
                                                 SuiteTest::kLoss, SuiteTest::kBackToBack,
                                                 SuiteTest::kRecovery};

}  // namespace wireproof
