// Properties of the search for several goals on simulated devices, each over many capacities and
// seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "search/goals_of_the_field.h"
#include "search/mlr.h"
#include "search/simulated_device.h"
#include "support/sanitized.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

const int kCapacities = sanitized() ? 40 : 200;
const int kSeedsEach = sanitized() ? 1 : 10;

// Evenly in the logarithm, below the highest load that the goals allow.
double capacity_in_range(Random& random) {
  return 2e4 * std::pow(14e6 / 2e4, random.uniform());
}

struct Searched {
  std::vector<SearchResult> goals;
  double seconds = 0;  // of traffic

  [[nodiscard]] const std::vector<TrialResult>& trials() const { return goals.front().trials; }
};

Searched search_all(const std::vector<SearchSpec>& goals, const DeviceModel& device,
                    std::uint64_t seed, double invalid_probability = 0) {
  FakeClock clock;
  SimulatedTester tester(device, clock, seed);
  tester.invalid_probability = invalid_probability;
  auto found = mlr_search(goals, tester, clock);
  EXPECT_TRUE(found);
  if (!found) return {};
  Searched run{*std::move(found)};
  EXPECT_LE(run.trials().size(), mlr_trials_max(goals));
  for (const TrialSpec& asked : tester.asked) {
    EXPECT_LE(asked.intended_fps, goals.front().max_fps);
    EXPECT_GE(asked.intended_fps, goals.front().min_fps);
    run.seconds += seconds(asked.duration);
  }
  return run;
}

// Calls `each` for all capacities, each with several seeds; returns how many runs that is.
template <typename Each>
int for_all(Each each) {
  int runs = 0;
  for (int i = 0; i < kCapacities; ++i) {
    Random random(static_cast<std::uint64_t>(i));
    const double capacity = capacity_in_range(random);
    for (int seed = 0; seed < kSeedsEach; ++seed, ++runs) {
      each(capacity, random.next());
      if (testing::Test::HasFatalFailure()) return runs;
    }
  }
  return runs;
}

// Regular, and the highest load that meets the goal, `truth`, lies between the bounds.
void expect_around(const SearchResult& found, double truth) {
  ASSERT_TRUE(found.regular) << truth << ": " << found.reason;
  ASSERT_LE(*found.lower_bound_fps, truth) << found.spec.goal.name;
  ASSERT_GE(*found.upper_bound_fps, truth * (1 - 1e-9)) << found.spec.goal.name;
  ASSERT_LE(*found.upper_bound_fps - *found.lower_bound_fps,
            *found.upper_bound_fps * found.spec.precision);
}

// A load sends whole frames: so much more than the device's own rate is still carried.
double with_one_frame(double fps, Nanoseconds duration) {
  return fps + rate_fps(1, duration);
}

TEST(MlrDevices, CsitGoalsOnAHardDeviceTakeAsFewTrialsAsTheyCan) {
  double trials = 0;
  const int runs = for_all([&](double capacity, std::uint64_t seed) {
    const Searched run = search_all(goals::csit(), device::ideal(capacity), seed);
    expect_around(run.goals[0], with_one_frame(capacity, kSecond));
    expect_around(run.goals[1], with_one_frame(capacity / 0.995, kSecond));
    trials += static_cast<double>(run.trials().size());
  });
  // 33 is what the two goals want of three loads, and one trial says where they are.
  EXPECT_LE(trials / runs, 34.5);
}

TEST(MlrDevices, Rfc2544OnAHardDeviceIsOneFullTrialAndAFewShortOnes) {
  double seconds = 0;
  const int runs = for_all([&](double capacity, std::uint64_t seed) {
    const Searched run = search_all(goals::rfc2544(), device::ideal(capacity), seed);
    expect_around(run.goals[0], with_one_frame(capacity, kSecond));
    ASSERT_GE(run.goals[0].final_trial->spec.duration, 60 * kSecond);
    seconds += run.seconds;
  });
  EXPECT_LE(seconds / runs, 65);
}

TEST(MlrDevices, ASoftKneeIsFoundWhereLossSetsIn) {
  double trials = 0;
  const int runs = for_all([&](double capacity, std::uint64_t seed) {
    const double slope = 0.05 * std::pow(20, Random(seed).uniform());
    const double pdr = capacity * (1 + 0.005 / slope);
    if (pdr >= goals::csit().front().max_fps * 0.99) return;
    const Searched run = search_all(goals::csit(), device::soft_knee(capacity, slope), seed);
    expect_around(run.goals[0], with_one_frame(capacity, kSecond));
    // One frame more is lost than the slope says, and frames are whole.
    const SearchResult& second = run.goals[1];
    ASSERT_TRUE(second.regular) << second.reason;
    ASSERT_LE(*second.lower_bound_fps, with_one_frame(pdr, kSecond));
    ASSERT_GE(*second.upper_bound_fps, pdr - 3 / slope);
    trials += static_cast<double>(run.trials().size());
  });
  EXPECT_LE(trials / runs, 52);  // 44 decide, where no load serves both goals
}

TEST(MlrDevices, RareStallsCostTrialsAndNotTheAnswer) {
  for_all([&](double capacity, std::uint64_t seed) {
    const Searched run = search_all(goals::csit(), device::stalling(capacity, 0.02, 200e-6), seed);
    ASSERT_TRUE(run.goals[0].regular) << run.goals[0].reason;
    ASSERT_NEAR(*run.goals[0].lower_bound_fps, capacity, capacity * 0.01);
    ASSERT_LE(*run.goals[0].lower_bound_fps, with_one_frame(capacity, kSecond));
  });
}

TEST(MlrDevices, ALossOfOneFrameInABillionIsNoKnee) {
  for_all([&](double capacity, std::uint64_t seed) {
    const Searched run = search_all(goals::csit(), device::noisy(capacity, 1e-9), seed);
    ASSERT_TRUE(run.goals[0].regular) << run.goals[0].reason;
    ASSERT_NEAR(*run.goals[0].lower_bound_fps, capacity, capacity * 0.01);
  });
}

// Of the frames of a final trial the bucket holds 0.25 %: a second of it is 15 % of the load.
TEST(MlrDevices, ATokenBucketOnlyHasWhatAFullTrialLeavesIt) {
  for (const auto& of : {goals::rfc2544(), goals::tst009()}) {
    for_all([&](double capacity, std::uint64_t seed) {
      const auto bucket = static_cast<std::uint64_t>(0.0025 * 60 * capacity);
      const Searched run = search_all(of, device::ideal(capacity, bucket), seed);
      const double frames = std::floor(capacity * 60) + static_cast<double>(bucket) + 1;
      expect_around(run.goals[0], frames / 60);
    });
  }
}

TEST(MlrDevices, ADeepBucketDoesNotSurviveTheConfirmation) {
  for_all([&](double capacity, std::uint64_t seed) {
    const double third = std::max(capacity / 3, 1e4);
    const Searched run =
        search_all(goals::rfc2544(), device::ideal(third, static_cast<std::uint64_t>(third)), seed);
    expect_around(run.goals[0], (std::floor(third * 60) + std::floor(third) + 1) / 60);
  });
}

TEST(MlrDevices, OneThatCollapsesUnderOverloadIsFoundAllTheSame) {
  double trials = 0;
  const int runs = for_all([&](double capacity, std::uint64_t seed) {
    const Searched run = search_all(goals::csit(), device::livelock(capacity), seed);
    expect_around(run.goals[0], with_one_frame(capacity, kSecond));
    trials += static_cast<double>(run.trials().size());
  });
  EXPECT_LE(trials / runs, 42);
}

// What was tried and lost too much is never below the answer.
TEST(MlrDevices, AnAnswerIsBelowAllThatFailed) {
  const auto expect_so = [](const Searched& run) {
    for (const SearchResult& goal : run.goals) {
      if (!goal.lower_bound_fps || !goal.regular) continue;
      ASSERT_LT(*goal.lower_bound_fps, *goal.upper_bound_fps);
      for (const TrialResult& trial : run.trials()) {
        if (goal.spec.goal.exceed_ratio > 0 || trial.verdict == Verdict::kInvalid) continue;
        if (loss_ratio(trial) > goal.spec.goal.loss_ratio)
          ASSERT_GE(trial.spec.intended_fps, *goal.upper_bound_fps);
      }
    }
  };
  for_all([&](double capacity, std::uint64_t seed) {
    if (seed % 8 != 0) return;  // these take many trials
    expect_so(search_all(goals::rfc2544(), device::sleepy(capacity / 10, capacity), seed));
    expect_so(search_all(goals::rfc2544(), device::coin(), seed));
    expect_so(search_all(goals::csit(), device::coin(), seed));
    expect_so(search_all(goals::csit(), device::drifting(capacity, 0.002), seed));
    expect_so(search_all(goals::tst009(), device::drifting(capacity, -0.002), seed));
  });
}

TEST(MlrDevices, NothingPassesAndEverythingPassesAreSaid) {
  for (const auto& of : {goals::csit(), goals::rfc2544(), goals::tst009()}) {
    for (const SearchResult& found : search_all(of, device::zero(), 1).goals) {
      EXPECT_FALSE(found.regular);
      EXPECT_FALSE(found.lower_bound_fps);
      EXPECT_EQ(found.upper_bound_fps, of.front().min_fps);
      EXPECT_NE(found.reason.find("even the lowest load"), std::string::npos) << found.reason;
    }
    for (const SearchResult& found : search_all(of, device::infinite(), 1).goals) {
      EXPECT_FALSE(found.regular);
      EXPECT_FALSE(found.upper_bound_fps);
      EXPECT_EQ(found.lower_bound_fps, of.front().max_fps);
      EXPECT_NE(found.reason.find("highest load asked"), std::string::npos) << found.reason;
    }
  }
}

TEST(MlrDevices, ATesterThatIsDisturbedRepeatsTrialsAndAnswersTheSame) {
  double undisturbed = 0;
  double disturbed = 0;
  int within = 0;
  const int runs = for_all([&](double capacity, std::uint64_t seed) {
    const Searched calm = search_all(goals::csit(), device::ideal(capacity), seed);
    const Searched busy = search_all(goals::csit(), device::ideal(capacity), seed, 0.2);
    undisturbed += static_cast<double>(calm.trials().size());
    disturbed += static_cast<double>(busy.trials().size());
    const double truth = with_one_frame(capacity, kSecond);
    within += busy.goals[0].regular && *busy.goals[0].lower_bound_fps <= truth &&
              *busy.goals[0].upper_bound_fps >= truth * (1 - 1e-9);
    // Every other trial is lost: it takes longer, ends, and no bound is false.
    const Searched worse = search_all(goals::csit(), device::ideal(capacity), seed, 0.5);
    if (worse.goals[0].lower_bound_fps) ASSERT_LE(*worse.goals[0].lower_bound_fps, truth);
    if (worse.goals[0].upper_bound_fps)
      ASSERT_GE(*worse.goals[0].upper_bound_fps, truth * (1 - 1e-9));
  });
  EXPECT_GE(within, runs * 99 / 100);
  EXPECT_LE(disturbed, undisturbed * 1.5);
}

TEST(MlrDevices, TheSameDeviceAndSeedGetTheSameTrials) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto loads = [seed] {
      std::vector<double> asked;
      const Searched run = search_all(goals::csit(), device::stalling(1e6, 0.2, 1e-3), seed, 0.1);
      for (const TrialResult& trial : run.trials()) asked.push_back(trial.spec.intended_fps);
      return asked;
    };
    EXPECT_EQ(loads(), loads());
  }
}

}  // namespace
}  // namespace wireproof
