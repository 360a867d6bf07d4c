// Properties of the search on simulated devices, each over many seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "search/bisect.h"
#include "search/simulated_device.h"
#include "support/sanitized.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

const int kSeeds = sanitized() ? 200 : 1000;
constexpr double kHighest = 297'619'047;  // 64-byte frames at 200 Gbit/s

struct Case {
  DeviceModel device = device::infinite();
  SearchSpec spec{.max_fps = kHighest};
  double tester_max_fps = 1e9;
  double receive_max_fps = 1e9;
  double invalid_probability = 0;
  std::uint64_t seed = 1;
};

SearchResult search(const Case& c) {
  FakeClock clock;
  SimulatedTester tester(c.device, clock, c.seed);
  tester.tester_max_fps = c.tester_max_fps;
  tester.receive_max_fps = c.receive_max_fps;
  tester.invalid_probability = c.invalid_probability;
  Result<SearchResult> result = bisect(c.spec, tester, clock, nullptr);
  EXPECT_TRUE(result);
  if (!result) return {};
  EXPECT_LE(result->trials.size(), trials_max(c.spec));
  for (const TrialSpec& asked : tester.asked) {
    if (asked.max_rate) continue;
    EXPECT_LE(asked.intended_fps, c.spec.max_fps > 0 ? c.spec.max_fps : c.tester_max_fps);
    EXPECT_GE(asked.intended_fps * static_cast<double>(asked.duration), kSecond * (1 - 1e-12));
  }
  return *std::move(result);
}

// 1 kpps to 200 Mpps, evenly in the logarithm.
double any_capacity(Random& random) {
  return 1e3 * std::pow(2e5, random.uniform());
}

double width(const SearchResult& r) {
  return (*r.upper_bound_fps - *r.lower_bound_fps) / *r.upper_bound_fps;
}

// The highest load that sends no more frames than the device passes lies below this.
double just_above_truth(double capacity_fps, double queue, double seconds) {
  return (std::floor(capacity_fps * seconds) + queue + 1) / seconds;
}

TEST(BisectDevices, AHardDeviceIsAlwaysWithinTheWidth) {
  std::size_t most = 0;
  std::size_t sum = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    const SearchResult r = search({.device = device::ideal(capacity), .seed = random.next()});
    ASSERT_TRUE(r.regular) << capacity << ": " << r.reason;
    ASSERT_LE(width(r), 0.005) << capacity;
    ASSERT_LT(*r.lower_bound_fps, just_above_truth(capacity, 0, 1)) << capacity;
    ASSERT_GE(*r.upper_bound_fps, just_above_truth(capacity, 0, 1)) << capacity;
    ASSERT_EQ(r.final_trial->verdict, Verdict::kPass);
    most = std::max(most, r.trials.size());
    sum += r.trials.size();
  }
  EXPECT_LE(most, 4u);
  EXPECT_LE(sum, 3u * kSeeds + kSeeds / 10);
}

TEST(BisectDevices, TheSameWithoutAStatedMaximumAndWithOtherPrecisions) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    const double precision = std::pow(10, -1 - 2 * random.uniform());  // 10 % to 0.1 %
    Case c{.device = device::ideal(capacity), .spec = {.precision = precision}};
    c.spec.trial_duration = c.spec.final_duration = 10 * kSecond;
    const SearchResult r = search(c);
    ASSERT_TRUE(r.regular) << capacity << ": " << r.reason;
    ASSERT_LE(width(r), precision);
    ASSERT_LT(*r.lower_bound_fps, just_above_truth(capacity, 0, 10));
    ASSERT_GE(*r.upper_bound_fps, just_above_truth(capacity, 0, 10));
  }
}

TEST(BisectDevices, AQueueAddsItsFramesOverTheTrial) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    const SearchResult r = search({.device = device::ideal(capacity, 64)});
    ASSERT_TRUE(r.regular);
    ASSERT_LE(width(r), 0.005);
    ASSERT_LT(*r.lower_bound_fps, just_above_truth(capacity, 64, 1));
    ASSERT_GE(*r.upper_bound_fps, just_above_truth(capacity, 64, 1));
  }
}

// A bucket of a second's traffic lets a short trial pass twice the capacity; the final one does
// not.
TEST(BisectDevices, ATokenBucketIsFoundOutByTheFinalTrial) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random) / 4;
    const auto bucket = static_cast<std::uint64_t>(capacity);
    Case c{.device = device::ideal(capacity, bucket)};
    c.spec.final_duration = 60 * kSecond;
    const SearchResult r = search(c);
    const double truth = just_above_truth(capacity, static_cast<double>(bucket), 60);
    ASSERT_TRUE(r.regular) << r.reason;
    ASSERT_LE(width(r), 0.005);
    ASSERT_LT(*r.lower_bound_fps, truth);
    ASSERT_GE(*r.upper_bound_fps, truth * (1 - 1e-12));
    ASSERT_EQ(r.final_trial->spec.duration, 60 * kSecond);
    ASSERT_LE(r.trials.size(), 8u);
  }
}

TEST(BisectDevices, ASoftKneeAndALivelockAreBracketedByWhatTheyDo) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    const DeviceModel devices[] = {device::soft_knee(capacity, 0.001 + random.uniform()),
                                   device::livelock(capacity)};
    for (const DeviceModel& device : devices) {
      const SearchResult r = search({.device = device});
      ASSERT_TRUE(r.regular) << capacity << ": " << r.reason;
      ASSERT_LE(width(r), 0.005);
      ASSERT_LT(*r.lower_bound_fps, capacity + 1);
      ASSERT_GE(*r.upper_bound_fps, capacity);
      ASSERT_LE(r.trials.size(), 20u);
    }
  }
}

// It loses at low rates and not at high ones. A load below one that failed is never the answer, so
// where the band that passes is narrow there may be none.
TEST(BisectDevices, LossAtLowRatesAloneEndsInTheBandThatPasses) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    const double threshold = capacity * random.uniform();
    const SearchResult r = search({.device = device::sleepy(threshold, capacity)});
    ASSERT_TRUE(r.regular || threshold > 0.95 * capacity) << r.reason;
    if (!r.lower_bound_fps) continue;
    ASSERT_GE(*r.lower_bound_fps, threshold);
    ASSERT_LT(*r.lower_bound_fps, capacity + 1);
  }
}

// One false failure in twenty trials, at any load: the guess keeps the answer near.
TEST(BisectDevices, BurstsOfLossMoveTheAnswerLittleAndNeverUp) {
  int near = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = 1e5 * std::pow(2e3, random.uniform());
    Case c{.device = device::bursty(capacity, 0.05), .seed = random.next()};
    const SearchResult r = search(c);
    ASSERT_TRUE(r.lower_bound_fps);
    ASSERT_LT(*r.lower_bound_fps, capacity + 1);
    if (*r.lower_bound_fps >= 0.98 * capacity) ++near;
  }
  EXPECT_GE(near, kSeeds * 95 / 100);
}

TEST(BisectDevices, RareNoiseMovesTheAnswerLittleAndNeverUp) {
  int near = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = 1e6 * std::pow(200, random.uniform());
    Case c{.device = device::noisy(capacity, 1e-9), .seed = random.next()};
    const SearchResult r = search(c);
    ASSERT_TRUE(r.lower_bound_fps);
    ASSERT_LT(*r.lower_bound_fps, capacity + 1);
    if (*r.lower_bound_fps >= 0.98 * capacity) ++near;
  }
  EXPECT_GE(near, kSeeds * 95 / 100);
}

TEST(BisectDevices, ADeviceWithoutSenseStillEndsTheSearch) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Case c{.device = device::coin(), .invalid_probability = 0.2, .seed = std::uint64_t(seed)};
    c.spec.precision = 0.0001;
    c.spec.final_duration = 5 * kSecond;
    const SearchResult r = search(c);  // checks the number of trials
    EXPECT_TRUE(r.regular || !r.reason.empty());
  }
}

TEST(BisectDevices, NothingGetsThrough) {
  const SearchResult r = search({.device = device::zero()});
  EXPECT_FALSE(r.regular);
  EXPECT_FALSE(r.lower_bound_fps);
  EXPECT_FALSE(r.tester_limited);
  EXPECT_EQ(r.reason, "even the lowest load, 1 frames/s, failed: lost");
}

TEST(BisectDevices, EverythingGetsThrough) {
  const SearchResult asked = search({});
  EXPECT_EQ(*asked.lower_bound_fps, kHighest);
  EXPECT_FALSE(asked.upper_bound_fps);
  EXPECT_FALSE(asked.regular);
  EXPECT_FALSE(asked.tester_limited);
  EXPECT_EQ(asked.trials.size(), 1u);
  EXPECT_EQ(asked.reason, "the highest load asked, 297,619,047 frames/s, passed");

  const SearchResult open = search({.spec = {}, .tester_max_fps = 3e6});
  EXPECT_EQ(*open.lower_bound_fps, 3e6);
  EXPECT_TRUE(open.tester_limited);
  EXPECT_FALSE(open.regular);
  EXPECT_EQ(open.trials.size(), 2u);  // as fast as it can, and that load paced
}

TEST(BisectDevices, ATesterTooSlowForTheDeviceSaysSo) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    const double limit = capacity * (0.1 + 0.8 * random.uniform());
    Case c{.device = device::ideal(capacity)};
    (seed % 2 == 0 ? c.tester_max_fps : c.receive_max_fps) = limit;
    const SearchResult r = search(c);
    ASSERT_TRUE(r.tester_limited) << r.reason;
    ASSERT_FALSE(r.regular);
    ASSERT_FALSE(r.upper_bound_fps && *r.upper_bound_fps < capacity);
    ASSERT_LT(*r.lower_bound_fps, limit + 1);
    ASSERT_GE(*r.lower_bound_fps, limit * 0.99) << capacity;
  }
}

TEST(BisectDevices, ATesterFastEnoughIsNotBlamed) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    Case c{.device = device::ideal(capacity)};
    c.tester_max_fps = capacity * (1.05 + random.uniform());
    const SearchResult r = search(c);
    ASSERT_TRUE(r.regular) << r.reason;
    ASSERT_FALSE(r.tester_limited);
    ASSERT_LE(width(r), 0.005);
    ASSERT_LT(*r.lower_bound_fps, just_above_truth(capacity, 0, 1));
    ASSERT_GE(*r.upper_bound_fps, just_above_truth(capacity, 0, 1));
  }
}

TEST(BisectDevices, InvalidTrialsNeverMoveABound) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    Case c{.device = device::ideal(capacity), .invalid_probability = 0.4, .seed = random.next()};
    const SearchResult r = search(c);
    for (const TrialResult& trial : r.trials) {
      if (trial.verdict != Verdict::kInvalid) continue;
      ASSERT_NE(trial.spec.id, r.final_trial ? r.final_trial->spec.id : 0);
    }
    if (r.lower_bound_fps) {
      ASSERT_LT(*r.lower_bound_fps, just_above_truth(capacity, 0, 1));
    }
    if (r.upper_bound_fps) {
      ASSERT_GE(*r.upper_bound_fps, just_above_truth(capacity, 0, 1));
    }
    ASSERT_EQ(r.regular, r.lower_bound_fps && r.upper_bound_fps && width(r) <= 0.005);
  }
}

TEST(BisectDevices, TheNdrIsNotAboveThePdr) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    for (const DeviceModel& device :
         {device::ideal(capacity), device::soft_knee(capacity, 0.01 + random.uniform()),
          device::livelock(capacity)}) {
      Case ndr{.device = device};
      Case pdr{.device = device};
      pdr.spec.goal = {"pdr", 0.005};
      const SearchResult low = search(ndr);
      const SearchResult high = search(pdr);
      ASSERT_LE(*low.lower_bound_fps, *high.lower_bound_fps * 1.005) << capacity;
      ASSERT_LT(*low.lower_bound_fps, *high.upper_bound_fps) << capacity;
    }
    Case ndr{.device = device::ideal(capacity)};
    Case pdr = ndr;
    pdr.spec.goal = {"pdr", 0.005};
    ASSERT_LE(*search(ndr).lower_bound_fps, *search(pdr).lower_bound_fps) << capacity;
  }
}

TEST(BisectDevices, ABetterDeviceNeverGetsALowerResult) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Random random(seed);
    const double capacity = any_capacity(random);
    const double better = capacity * (1 + std::pow(10, -4 * random.uniform()));
    ASSERT_LE(*search({.device = device::ideal(capacity)}).lower_bound_fps,
              *search({.device = device::ideal(better)}).lower_bound_fps)
        << capacity << " " << better;
  }
}

TEST(BisectDevices, TheSameSeedGivesTheSameTrials) {
  const Case c{.device = device::noisy(7.3e6, 1e-8), .invalid_probability = 0.1, .seed = 7};
  const SearchResult a = search(c);
  const SearchResult b = search(c);
  ASSERT_EQ(a.trials.size(), b.trials.size());
  for (std::size_t i = 0; i < a.trials.size(); ++i)
    EXPECT_EQ(a.trials[i].spec.intended_fps, b.trials[i].spec.intended_fps);
}

}  // namespace
}  // namespace wireproof
