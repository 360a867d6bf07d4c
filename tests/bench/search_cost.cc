// What a search costs on simulated devices, in trials and in seconds of traffic, beside bisection
// and the load selection of MLRsearch's published library: search_cost [CAPACITIES].
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "reference_search.h"
#include "search/bisect.h"
#include "search/goals_of_the_field.h"
#include "search/mlr.h"
#include "search/simulated_device.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

// What both csit goals take of the reference, a bound for rfc2544 with short trials of a second,
// and the part of the reference's traffic that ours may take of devices that are not hard.
constexpr double kCsitTrials = 35;
constexpr double kRfc2544Seconds = 90;
constexpr double kTrafficRatio = 0.8;

struct Cost {
  double trials = 0;
  double seconds = 0;
  double error = 0;  // of the first goal's lower bound, relative to the device's own
  int answers = 0;
  int runs = 0;

  void add(std::size_t made, double traffic, double lower, double truth) {
    ++runs;
    trials += static_cast<double>(made);
    seconds += traffic;
    if (lower <= 0) return;
    ++answers;
    error += (lower - truth) / truth;
  }
};

using Goals = std::vector<SearchSpec>;
using Algorithm = std::function<void(const Goals&, Measurer&, double truth, Cost&)>;

double traffic(const std::vector<TrialResult>& trials) {
  double sum = 0;
  for (const TrialResult& trial : trials) sum += seconds(trial.spec.duration);
  return sum;
}

void ours(const Goals& goals, Measurer& measurer, double truth, Cost& cost) {
  const FakeClock clock;
  const auto found = mlr_search(goals, measurer, clock);
  const auto& trials = found->front().trials;
  cost.add(trials.size(), traffic(trials), found->front().lower_bound_fps.value_or(0), truth);
}

void reference(const Goals& goals, Measurer& measurer, double truth, Cost& cost) {
  const ReferenceAnswer found = reference_search(goals, measurer);
  cost.add(found.trials, found.seconds, found.lower_fps.front(), truth);
}

// One trial decides a load, each of the goal's final duration: RFC 2544 without short trials.
void bisection(const Goals& goals, Measurer& measurer, double truth, Cost& cost) {
  SearchSpec spec = goals.front();
  spec.trial_duration = spec.final_duration;
  const FakeClock clock;
  const auto found = bisect(spec, measurer, clock, nullptr);
  cost.add(found->trials.size(), traffic(found->trials), found->lower_bound_fps.value_or(0), truth);
}

struct Device {
  const char* name;
  std::function<DeviceModel(double capacity, const Goals& goals, Random& random)> make;
};

const std::array<Device, 4> kDevices{{
    {"hard", [](double capacity, const Goals&, Random&) { return device::ideal(capacity); }},
    {"soft knee",
     [](double capacity, const Goals&, Random& random) {
       return device::soft_knee(capacity, 0.01 * std::pow(100, random.uniform()));
     }},
    {"rare stalls", [](double capacity, const Goals&,
                       Random&) { return device::stalling(capacity, 0.02, 200e-6); }},
    {"bucket",
     [](double capacity, const Goals& goals, Random&) {
       const double frames = 0.0025 * capacity * seconds(goals.front().final_duration);
       return device::ideal(capacity, static_cast<std::uint64_t>(frames));
     }},
}};

Cost measure(const Algorithm& search, const Goals& goals, const Device& device, int capacities) {
  Cost cost;
  for (int i = 0; i < capacities; ++i) {
    Random random(static_cast<std::uint64_t>(i));
    const double capacity = 2e4 * std::pow(14e6 / 2e4, random.uniform());
    FakeClock clock;
    SimulatedTester tester(device.make(capacity, goals, random), clock, random.next());
    search(goals, tester, capacity, cost);
  }
  return cost;
}

// The example that the library publishes: 45 trials, and these three numbers.
bool reproduces_the_published_example() {
  SearchSpec ndr = goals::goal("ndr", kSecond, 21 * kSecond, 0, 0.005);
  ndr.min_fps = 1e3;
  ndr.max_fps = 1e9;
  SearchSpec pdr = ndr;
  pdr.goal = {"pdr", 0.005, 0.005};
  FakeClock clock;
  SimulatedTester tester(device::ideal(1e6), clock);
  tester.tester_max_fps = 1e10;
  const ReferenceAnswer found = reference_search(std::array{ndr, pdr}, tester);
  const auto near = [](double value, double published) {
    return std::abs(value - published) < 1e-6;
  };
  const bool same = found.trials == 45 && near(found.lower_fps[0], 997'497.6029392382) &&
                    near(found.lower_fps[1], 1'002'508.6747611101) &&
                    near(found.conditional_fps[1], 1'000'000.6730730429);
  fmt::print("the published example: {} trials, {:.4f}, {:.4f}, {:.4f}: {}\n\n", found.trials,
             found.lower_fps[0], found.lower_fps[1], found.conditional_fps[1],
             same ? "reproduced" : "NOT REPRODUCED");
  return same;
}

int compare(int capacities) {
  if (!reproduces_the_published_example()) return 1;
  constexpr const char* kRow = "{:<9} {:<12} {:<10} {:>7} {:>9} {:>8} {:>9}\n";
  fmt::print(fmt::runtime(kRow), "goals", "device", "search", "trials", "traffic", "answers",
             "error");
  fmt::print(fmt::runtime(kRow), "", "", "", "mean", "mean s", "", "mean %");
  double ratios = 0;
  int mixed = 0;
  bool reached = true;
  const std::array<std::pair<const char*, Goals>, 3> all{
      {{"csit", goals::csit()}, {"rfc2544", goals::rfc2544()}, {"tst009", goals::tst009()}}};
  for (const auto& [name, goals] : all) {
    for (const Device& device : kDevices) {
      const auto print = [&](const char* search, const Cost& cost) {
        fmt::print("{:<9} {:<12} {:<10} {:>7.1f} {:>9.1f} {:>8} {:>9.2f}\n", name, device.name,
                   search, cost.trials / cost.runs, cost.seconds / cost.runs,
                   fmt::format("{}/{}", cost.answers, cost.runs),
                   cost.answers > 0 ? 100 * cost.error / cost.answers : 0.0);
      };
      const Cost here = measure(ours, goals, device, capacities);
      const Cost there = measure(reference, goals, device, capacities);
      print("mlr", here);
      print("reference", there);
      if (goals.size() == 1 && goals.front().goal.exceed_ratio == 0)
        print("bisect", measure(bisection, goals, device, capacities));
      if (&device == kDevices.data()) {  // the mix is of what is not hard
        if (goals.size() == 2) reached &= here.trials <= kCsitTrials * here.runs;
        if (goals.front().goal.name == "rfc2544")
          reached &= here.seconds <= kRfc2544Seconds * here.runs;
        continue;
      }
      ratios += here.seconds / here.runs / (there.seconds / there.runs);
      ++mixed;
    }
  }
  const double ratio = ratios / mixed;
  reached &= ratio <= kTrafficRatio;
  fmt::print("\ntraffic over soft knees, stalls and buckets, mlr / reference: {:.2f}\n", ratio);
  fmt::print("bars (csit on hard devices {} trials, rfc2544 {} s, that ratio {}): {}\n",
             kCsitTrials, kRfc2544Seconds, kTrafficRatio, reached ? "reached" : "NOT reached");
  return reached ? 0 : 1;
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  const int capacities = argc > 1 ? std::atoi(argv[1]) : 200;
  if (capacities < 1 || capacities > 10'000) {
    fmt::print(stderr, "usage: search_cost [CAPACITIES, 1 to 10000]\n");
    return 2;
  }
  return wireproof::compare(capacities);
}
