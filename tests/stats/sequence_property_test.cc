// Ten thousand random ways to lose, repeat and reorder a few hundred frames: every figure of the
// sequence tracker and of the delay variation against a model that keeps lists of all arrivals.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "stats/delay_variation.h"
#include "stats/sequence_tracker.h"
#include "stats/slow_model.h"
#include "support/sanitized.h"

namespace wireproof {
namespace {

constexpr std::uint64_t kWire = (std::uint64_t{1} << kSequenceBits) - 1;

struct Sent {
  double place;  // among all frames, when it arrives
  std::uint32_t space;
  SlowArrival arrival;
};

// What happens to the frames of one case.
struct Way {
  explicit Way(Random& random)
      : loss(random.chance(0.3) ? 0 : random.uniform() * random.uniform()),
        burst(random.chance(0.5) ? 0 : random.uniform() * 0.9),
        duplication(random.chance(0.5) ? 0 : random.uniform() * 0.3),
        near(random.chance(0.3) ? 0 : random.uniform()),
        far(random.chance(0.5) ? 0 : random.uniform() * 0.2),
        far_distance(1 + static_cast<double>(random.below(400))) {}
  double loss;   // of a frame after one that came
  double burst;  // of a frame after one that was lost
  double duplication;
  double near;  // arrives up to four frames later
  double far;   // arrives up to `far_distance` frames later
  double far_distance;

  [[nodiscard]] double later(Random& random) const {
    if (random.chance(far)) return random.uniform() * far_distance;
    if (random.chance(near)) return random.uniform() * 4;
    return 0;
  }
};

struct Case {
  explicit Case(std::uint64_t seed) : random(seed) {
    spaces = 1 + static_cast<std::uint32_t>(random.below(4));
    window = std::uint64_t{64} << random.below(5);
    if (random.chance(0.3)) window -= random.below(63);
    ipdv_window = 16u << random.below(7);
    sent.resize(spaces);
    // Some begin shortly before the 40 bits on the wire run out.
    const std::uint64_t base = random.chance(0.2) ? kWire - random.below(60) : 0;
    if (base > 0) preamble(base);
    const Way way(random);
    const std::uint64_t count = 50 + random.below(251);
    std::vector<bool> lost(spaces, false);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto space = static_cast<std::uint32_t>(random.below(spaces));
      const std::uint64_t sequence = sent[space]++;
      lost[space] = random.chance(lost[space] ? way.burst : way.loss);
      if (lost[space]) continue;
      do {
        add(static_cast<double>(i) + way.later(random), space, sequence);
      } while (random.chance(way.duplication));
    }
    std::stable_sort(frames.begin(), frames.end(),
                     [](const Sent& a, const Sent& b) { return a.place < b.place; });
    Nanoseconds now = 0;
    for (Sent& frame : frames) {
      frame.arrival.arrived = now += static_cast<Nanoseconds>(random.below(2000));
      frame.arrival.delay = static_cast<Nanoseconds>(random.below(3'000'000)) - 1000;
    }
  }

  // Up to `base` in strides that the tracker can tell from steps back.
  void preamble(std::uint64_t base) {
    for (std::uint32_t space = 0; space < spaces; ++space) {
      add(-2, space, base / 2);
      add(-1, space, base - 1);
      sent[space] = base;
    }
  }
  void add(double place, std::uint32_t space, std::uint64_t sequence) {
    frames.push_back({place, space, {sequence, 0, 0}});
  }

  Random random;
  std::uint32_t spaces;
  std::uint64_t window;
  std::uint32_t ipdv_window;
  std::vector<std::uint64_t> sent;
  std::vector<Sent> frames;
};

void expect_same(const Reordering& fast, const Reordering& slow) {
  EXPECT_EQ(fast.reordered, slow.reordered);
  EXPECT_EQ(fast.unplaced, 0u);
  EXPECT_EQ(fast.extent_sum, slow.extent_sum);
  EXPECT_EQ(fast.extent_max, slow.extent_max);
  EXPECT_EQ(fast.late_time_sum, slow.late_time_sum);
  EXPECT_EQ(fast.late_time_max, slow.late_time_max);
  EXPECT_EQ(fast.degrees, slow.degrees);
  EXPECT_EQ(fast.discontinuities, slow.discontinuities);
  EXPECT_EQ(fast.discontinuity_max, slow.discontinuity_max);
  EXPECT_EQ(fast.free_runs, slow.free_runs);
  EXPECT_EQ(fast.free_run_max, slow.free_run_max);
}

void expect_bursts(const LossBursts& fast, const std::map<std::uint64_t, std::uint64_t>& slow,
                   std::uint64_t lost) {
  std::uint64_t bursts = 0, sum = 0;
  for (const auto& [length, times] : slow) {
    bursts += times;
    sum += length * times;
  }
  EXPECT_EQ(sum, lost);
  EXPECT_EQ(fast.lost, lost);
  EXPECT_EQ(fast.bursts, bursts);
  EXPECT_EQ(fast.longest, slow.empty() ? 0 : slow.rbegin()->first);
  EXPECT_EQ(fast.lengths.samples(), bursts);
}

// Apart, because histograms are large: of some of the cases.
void expect_lengths(const Histogram& fast, const std::map<std::uint64_t, std::uint64_t>& slow) {
  Histogram lengths;
  for (const auto& [length, times] : slow) lengths.record(static_cast<Nanoseconds>(length), times);
  EXPECT_EQ(fast.steps().steps, lengths.steps().steps);
  EXPECT_EQ(fast.overflow(), lengths.overflow());
}

void expect_same_delays(const DelayVariation& fast, const std::vector<SlowSpace>& slow) {
  std::vector<Nanoseconds> differences;
  std::uint64_t outside = 0;
  SpaceJitter jitter;
  for (std::uint32_t space = 0; space < slow.size(); ++space) {
    slow[space].add_ipdv(differences, outside);
    if (slow[space].copies() < 2) {
      EXPECT_FALSE(fast.jitter(space));
      continue;
    }
    ASSERT_TRUE(fast.jitter(space));
    EXPECT_NEAR(*fast.jitter(space), slow[space].jitter(), 1e-9 * (1 + slow[space].jitter()));
    jitter.merge({1, *fast.jitter(space), *fast.jitter(space)});
  }
  EXPECT_EQ(fast.jitter().spaces, jitter.spaces);
  EXPECT_EQ(fast.jitter().max, jitter.max);
  EXPECT_DOUBLE_EQ(fast.jitter().mean(), jitter.mean());
  EXPECT_EQ(fast.outside_window(), outside);
  std::uint64_t sum = 0;
  for (const Nanoseconds difference : differences) {
    sum += static_cast<std::uint64_t>(std::abs(difference));
  }
  EXPECT_EQ(fast.ipdv().pairs, differences.size());
  EXPECT_EQ(fast.ipdv().histogram.samples(), differences.size());
  EXPECT_EQ(fast.ipdv().sum_abs, sum);
  if (differences.empty()) return;
  EXPECT_EQ(fast.ipdv().min, *std::min_element(differences.begin(), differences.end()));
  EXPECT_EQ(fast.ipdv().max, *std::max_element(differences.begin(), differences.end()));
}

struct Tally {
  std::uint64_t unclassified = 0, reordered = 0, duplicates = 0, lost = 0, past_the_wire = 0;
  std::uint64_t outside = 0, degrees_above_1 = 0, degrees_at_most = 0;
};

void run(const Case& random_case, std::uint64_t seed, Tally& tally) {
  SequenceTracker tracker(random_case.spaces, random_case.window);
  DelayVariation variation(random_case.spaces, random_case.ipdv_window);
  std::vector<SlowSpace> slow(random_case.spaces,
                              SlowSpace(random_case.window, random_case.ipdv_window));
  for (const Sent& frame : random_case.frames) {
    const SlowArrival& arrival = frame.arrival;
    const std::uint64_t wire = arrival.sequence & kWire;
    const Arrived arrived = tracker.observe(frame.space, wire, arrival.arrived);
    ASSERT_EQ(arrived, slow[frame.space].observe(arrival)) << "number " << arrival.sequence;
    variation.observe(frame.space, wire, arrival.delay, arrived);
    tally.unclassified += arrived == Arrived::kUnclassified;
    tally.duplicates += arrived == Arrived::kDuplicate;
    tally.past_the_wire += arrival.sequence > kWire;
  }
  Reordering reordering;
  std::map<std::uint64_t, std::uint64_t> bursts;
  std::uint64_t lost = 0;
  for (std::uint32_t space = 0; space < random_case.spaces; ++space) {
    const std::uint64_t next = slow[space].next();
    EXPECT_EQ(tracker.next_expected(space), next);
    EXPECT_EQ(tracker.gaps(space), next - slow[space].unique());
    lost += next - slow[space].unique();
    slow[space].add_reordering(reordering);
    slow[space].add_loss_bursts(bursts);
  }
  expect_same(tracker.reordering(), reordering);
  const LossBursts fast_bursts = tracker.loss_bursts();
  expect_bursts(fast_bursts, bursts, lost);
  if (seed % 8 == 0) expect_lengths(fast_bursts.lengths, bursts);
  expect_same_delays(variation, slow);
  tally.reordered += reordering.reordered;
  if (lost < kWire / 2) tally.lost += lost;
  tally.outside += variation.outside_window();
  tally.degrees_above_1 += reordering.n_reordered().size() > 1;
  tally.degrees_at_most += reordering.degrees.back();
}

// A tenth of them where a sanitizer makes them ten times as slow.
std::uint64_t parts_of_ten() {
  return sanitized() ? 1 : 10;
}

TEST(SequenceProperty, TenThousandRandomCasesAgreeWithTheListsOfAllArrivals) {
  const std::uint64_t tenths = parts_of_ten();
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 1000 * tenths; ++seed) {
    const Case random_case(seed);
    run(random_case, seed, tally);
    ASSERT_FALSE(HasFailure()) << "seed " << seed << ", window " << random_case.window
                               << ", window of delays " << random_case.ipdv_window << ", "
                               << random_case.spaces << " spaces";
  }
  // That the cases were hard enough to mean something.
  EXPECT_GT(tally.reordered, 10'000 * tenths);
  EXPECT_GT(tally.duplicates, 5000 * tenths);
  EXPECT_GT(tally.lost, 10'000 * tenths);
  EXPECT_GT(tally.unclassified, 100 * tenths);
  EXPECT_GT(tally.past_the_wire, 1000 * tenths);
  EXPECT_GT(tally.outside, 500 * tenths);
  EXPECT_GT(tally.degrees_above_1, 100 * tenths);
  EXPECT_GT(tally.degrees_at_most, 50 * tenths);
}

}  // namespace
}  // namespace wireproof
