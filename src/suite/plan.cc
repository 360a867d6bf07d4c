#include "suite/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace wireproof {
namespace {

bool has(const SuiteSpec& spec, SuiteTest test) {
  return std::find(spec.tests.begin(), spec.tests.end(), test) != spec.tests.end();
}

std::string in_seconds(Nanoseconds time) {
  return fmt::format("{:g} s", seconds(time));
}

Nanoseconds times(double count, Nanoseconds each) {
  return static_cast<Nanoseconds>(count * static_cast<double>(each));
}

// Short trials close in, then two loads are decided at full length.
Nanoseconds search_time(const SearchSpec& goal, Nanoseconds overhead) {
  constexpr double kShortTrials = 7;
  constexpr double kDecided = 2;
  const Nanoseconds sum = std::max(goal.duration_sum, goal.final_duration);
  const double full_trials =
      std::ceil(static_cast<double>(sum) / static_cast<double>(goal.final_duration));
  return times(kShortTrials, goal.trial_duration + overhead) +
         times(kDecided, sum + times(full_trials, overhead));
}

// Bursts that are too long double, then close in; each repetition begins where the last one ended.
Nanoseconds bursts_time(const SuiteSpec& spec) {
  constexpr double kFirst = 12;
  constexpr double kFurther = 6;
  return times(kFirst + kFurther * (spec.burst_repetitions - 1.0), spec.overhead);
}

}  // namespace

bool runs_for(SuiteTest test, const std::vector<SuiteSize>& sizes, std::size_t index) {
  if (test != SuiteTest::kReset) return true;
  const auto smaller = [](const SuiteSize& a, const SuiteSize& b) {
    return a.goals.front().frame_size < b.goals.front().frame_size;
  };
  return std::min_element(sizes.begin(), sizes.end(), smaller) - sizes.begin() ==
         static_cast<std::ptrdiff_t>(index);
}

SuiteSpec full_length(std::vector<SuiteTest> tests) {
  return {.tests = std::move(tests)};
}

SuiteSpec quick_length(std::vector<SuiteTest> tests) {
  return {.tests = std::move(tests),
          .latency_duration = kSecond,
          .latency_repetitions = 1,
          .loss_duration = 500 * kMillisecond,
          .burst_longest = kSecond,
          .burst_repetitions = 3,
          .burst_verifications = 0,
          .overload_duration = 2 * kSecond,
          .recovery_duration = 2 * kSecond,
          .recovery_repetitions = 1,
          .reset_duration = 10 * kSecond,
          .reset_repetitions = 1};
}

Nanoseconds expected_time(SuiteTest test, const SuiteSpec& spec, const SuiteSize& size) {
  constexpr double kLossSteps = 11;
  switch (test) {
    case SuiteTest::kThroughput: {
      Nanoseconds all = 0;
      for (const SearchSpec& goal : size.goals) all += search_time(goal, spec.overhead);
      return all;
    }
    case SuiteTest::kLatency:
      return times(spec.latency_repetitions, spec.latency_duration + spec.overhead);
    case SuiteTest::kLoss:
      return times(kLossSteps, spec.loss_duration + spec.overhead);
    case SuiteTest::kBackToBack:
      return bursts_time(spec);
    case SuiteTest::kRecovery:
      return times(spec.recovery_repetitions,
                   spec.overload_duration + spec.recovery_duration + spec.overhead);
    case SuiteTest::kReset:
      return times(spec.reset_repetitions, spec.reset_duration + spec.overhead);
  }
  return 0;
}

std::vector<std::string> shortened(const SuiteSpec& spec, const std::vector<SuiteSize>& sizes) {
  const SuiteSpec full;
  std::vector<std::string> found;
  const auto note = [&](SuiteTest test, const char* what, Nanoseconds is, Nanoseconds asked,
                        const char* source) {
    if (has(spec, test) && is < asked)
      found.push_back(fmt::format("{}: {} {}, not {} ({})", word_of(kSuiteTestWords, test), what,
                                  in_seconds(is), in_seconds(asked), source));
  };
  const auto few = [&](SuiteTest test, unsigned is, unsigned asked, const char* source) {
    if (has(spec, test) && is < asked)
      found.push_back(fmt::format("{}: {} repetition{}, not {} ({})",
                                  word_of(kSuiteTestWords, test), is, is == 1 ? "" : "s", asked,
                                  source));
  };
  if (!sizes.empty() && has(spec, SuiteTest::kThroughput)) {
    const SearchSpec& goal = sizes.front().goals.front();
    note(SuiteTest::kThroughput, "decided by trials of", goal.final_duration, 60 * kSecond,
         "RFC 2544 section 24");
    if (goal.goal.loss_ratio > 0 || goal.goal.exceed_ratio > 0)
      found.push_back(
          fmt::format("throughput: by the goal {}, which tolerates loss (RFC 2544 "
                      "section 26.1)",
                      goal.goal.name));
  }
  note(SuiteTest::kLatency, "trials of", spec.latency_duration, full.latency_duration,
       "RFC 2544 section 26.2");
  few(SuiteTest::kLatency, spec.latency_repetitions, full.latency_repetitions,
      "RFC 2544 section 26.2");
  note(SuiteTest::kLoss, "trials of", spec.loss_duration, full.loss_duration,
       "RFC 2544 section 24");
  note(SuiteTest::kBackToBack, "bursts up to", spec.burst_longest, full.burst_longest,
       "RFC 2544 section 26.4");
  few(SuiteTest::kBackToBack, spec.burst_repetitions, full.burst_repetitions,
      "RFC 9004 section 5.3");
  note(SuiteTest::kRecovery, "an overload of", spec.overload_duration, full.overload_duration,
       "RFC 2544 section 26.5");
  few(SuiteTest::kReset, spec.reset_repetitions, full.reset_repetitions, "RFC 6201");
  return found;
}

}  // namespace wireproof
