#include "suite/suite_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"
#include "search/mlr.h"
#include "suite/plan.h"
#include "suite/tests.h"
#include "trial/derive.h"
#include "trial/numbered.h"

namespace wireproof {
namespace {

std::string frames_a_second(double fps) {
  return fmt::format("{} frames/s", format_count(static_cast<std::uint64_t>(std::llround(fps))));
}

class Suite {
 public:
  Suite(const SuiteRun& run, const Clock& clock, SuiteFindings& found)
      : run_(run), clock_(clock), found_(found), measurer_(run.on_trial) {
    for (std::size_t i = 0; i < run.sizes.size(); ++i) {
      for (const SuiteTest test : run.spec.tests) {
        if (runs_for(test, run.sizes, i))
          to_do_.push_back(expected_time(test, run.spec, run.sizes[i]));
      }
    }
  }

  Status run_all() {
    found_.result.deviations = shortened(run_.spec, run_.sizes);
    for (std::size_t i = 0; i < run_.sizes.size(); ++i) {
      const Result<Measurer*> measurer = run_.measurer_for(i);
      if (!measurer) return tl::unexpected(measurer.error());
      measurer_.use(**measurer);
      Status ended = run_size(i);
      if (ended) continue;
      found_.interrupted = ended.error().kind == ErrorKind::kInterrupted;
      return found_.interrupted ? Status{} : ended;
    }
    return {};
  }

 private:
  Status run_size(std::size_t index) {
    size_ = &run_.sizes[index];
    SuiteSizeResult& into = found_.result.sizes.emplace_back();
    into.name = size_->name;
    into.frame_size = size_->goals.front().frame_size;
    into.mean_frame_size = size_->goals.front().mean_frame_size;
    into.limit = size_->limit;
    if (size_->max_fps > 0) into.max_fps = size_->max_fps;
    into.throughput_fps = size_->throughput_fps;
    into.throughput_given = size_->throughput_fps.has_value();
    for (const SuiteTest test : run_.spec.tests) {
      if (!runs_for(test, run_.sizes, index)) continue;
      begin(test);
      SuiteTrials trials(measurer_, *size_, found_.trials, [this] { tell(trials_ + 1); });
      if (Status ran = run_test(test, trials, into); !ran) return ran;
      ++done_;
    }
    return {};
  }

  void begin(SuiteTest test) {
    test_ = test;
    trials_ = 0;
    so_far_.clear();
    begun_ = clock_.now();
  }

  Status run_test(SuiteTest test, SuiteTrials& trials, SuiteSizeResult& into) {
    if (test == SuiteTest::kThroughput) return run_throughput(into);
    const bool needs_highest = test != SuiteTest::kLatency && test != SuiteTest::kReset;
    if (needs_highest && !into.max_fps) {
      if (Status measured = measure_highest(trials, into); !measured) return measured;
    }
    const SuiteSpec& spec = run_.spec;
    if (test == SuiteTest::kLoss) return run_loss(trials, spec, *into.max_fps, into.loss.emplace());
    if (!into.throughput_fps) {
      give_up(test, into);
      return {};
    }
    if (into.throughput_is_at_least && leave_out(test, into)) return {};
    const double throughput = *into.throughput_fps;
    so_far_ = "at " + frames_a_second(throughput);
    switch (test) {
      case SuiteTest::kLatency:
        return run_latency(trials, spec, throughput, into.latency.emplace());
      case SuiteTest::kBackToBack:
        return run_back_to_back(trials, spec, throughput,
                                {.fps = *into.max_fps,
                                 .paced = into.limit == RateLimit::kMaxRate,
                                 .is_line = into.limit == RateLimit::kLineRate},
                                into.back_to_back.emplace());
      case SuiteTest::kRecovery:
        return run_recovery(trials, spec, throughput, *into.max_fps, into.recovery.emplace());
      case SuiteTest::kReset:
        return run_reset(trials, spec, throughput, run_.resetter, into.reset.emplace());
      case SuiteTest::kThroughput:
      case SuiteTest::kLoss:
        break;
    }
    return {};
  }

  Status run_throughput(SuiteSizeResult& into) {
    const std::size_t first = found_.searches.size();
    const Status ran = search();
    if (found_.searches.size() > first) {
      into.throughput_fps = found_.searches[first].lower_bound_fps;
      into.throughput_is_at_least = found_.searches[first].tester_limited;
      if (!into.max_fps) take_highest(found_.searches[first], into);
    }
    return ran;
  }

  Status search() {
    auto found = mlr_search(size_->goals, measurer_, clock_, [this](const MlrView& view) {
      so_far_ = bounds_text(view.so_far[view.goal]);
      tell(view.trials.size(), view.left);
    });
    if (!found) return tl::unexpected(found.error());
    for (SearchResult& one : *found) found_.searches.push_back(std::move(one));
    return searched(found_.searches.back());
  }

  static Status searched(const SearchResult& search) {
    if (search.interrupted) return fail(ErrorKind::kInterrupted, "interrupted");
    if (search.error) return tl::unexpected(*search.error);
    return {};
  }

  // A search without a highest load began as fast as the tester can.
  static void take_highest(const SearchResult& search, SuiteSizeResult& into) {
    for (const TrialResult& trial : search.trials) {
      if (trial.spec.max_rate && offered_fps(trial) > into.max_fps.value_or(0))
        into.max_fps = offered_fps(trial);
    }
  }

  Status measure_highest(SuiteTrials& trials, SuiteSizeResult& into) {
    std::vector<std::uint64_t> ids;
    const auto trial = trials.measure(
        {.max_rate = true, .duration = size_->goals.front().trial_duration, .goal_loss_ratio = 1},
        run_.spec.invalid_retries, ids);
    if (!trial) return tl::unexpected(trial.error());
    into.max_fps = offered_fps(**trial);
    if (*into.max_fps > 0) return {};
    return fail(ErrorKind::kInvalid, "the tester sent no frame as fast as it can");
  }

  static void give_up(SuiteTest test, SuiteSizeResult& into) {
    const std::string reason = "no throughput was found";
    // The status is that of the search, which found no load.
    if (test == SuiteTest::kLatency) into.latency = LatencyTest{.reason = reason};
    if (test == SuiteTest::kBackToBack) into.back_to_back = BackToBackTest{.reason = reason};
    if (test == SuiteTest::kRecovery) into.recovery = RecoveryTest{.reason = reason};
    if (test == SuiteTest::kReset) into.reset = ResetTest{.reason = reason};
  }

  // Nothing can be sent above the throughput.
  static bool leave_out(SuiteTest test, SuiteSizeResult& into) {
    const std::string reason = "the tester can send nothing above the throughput";
    if (test == SuiteTest::kBackToBack)
      into.back_to_back = BackToBackTest{.applicable = false, .reason = reason};
    if (test == SuiteTest::kRecovery)
      into.recovery = RecoveryTest{.applicable = false, .reason = reason};
    return test == SuiteTest::kBackToBack || test == SuiteTest::kRecovery;
  }

  void tell(std::uint64_t trials, std::optional<Nanoseconds> left = {}) {
    trials_ = trials;
    if (!run_.on_progress) return;
    const Nanoseconds here =
        left.value_or(std::max<Nanoseconds>(0, to_do_[done_] - (clock_.now() - begun_)));
    Nanoseconds all = here;
    for (std::size_t i = done_ + 1; i < to_do_.size(); ++i) all += to_do_[i];
    run_.on_progress({.size = size_->name,
                      .test = test_,
                      .number = done_ + 1,
                      .tests = to_do_.size(),
                      .trials = trials,
                      .so_far = so_far_,
                      .left = all});
  }

  const SuiteRun& run_;
  const Clock& clock_;
  SuiteFindings& found_;
  NumberedMeasurer measurer_;
  std::vector<Nanoseconds> to_do_;  // of each test of each size
  std::size_t done_ = 0;            // tests
  const SuiteSize* size_ = nullptr;
  SuiteTest test_ = SuiteTest::kThroughput;
  std::uint64_t trials_ = 0;
  std::string so_far_;
  Nanoseconds begun_ = 0;
};

}  // namespace

Status run_suite(const SuiteRun& run, const Clock& clock, SuiteFindings& found) {
  return Suite(run, clock, found).run_all();
}

}  // namespace wireproof
