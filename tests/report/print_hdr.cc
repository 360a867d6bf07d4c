// Prints histograms and what hdr_v2_base64 makes of them, a JSON object a line, for readers that
// know nothing of this program: hdr_export_test.py.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "report/hdr_export.h"

namespace wireproof {
namespace {

constexpr Nanoseconds kMinute = 60 * kSecond;

Histogram of(const std::vector<std::pair<Nanoseconds, std::uint64_t>>& values) {
  Histogram histogram;
  for (const auto& [value, times] : values) histogram.record(value, times);
  return histogram;
}

Histogram every_step() {
  Histogram histogram;
  for (std::size_t i = 0; i < Histogram::kSteps; ++i) {
    histogram.record(static_cast<Nanoseconds>(Histogram::lower_edge(i)), 1 + i % 5);
  }
  return histogram;
}

// Delays as they are: most near 50 us, a tail to seconds.
Histogram delays(std::uint64_t seed) {
  Random random(seed);
  Histogram histogram;
  for (int i = 0; i < 100'003; ++i) {
    const double tail = random.chance(0.01) ? std::exp(random.uniform() * 14) : 1;
    histogram.record(static_cast<Nanoseconds>((50'000 + random.uniform() * 9000) * tail / 2));
  }
  return histogram;
}

void print(const std::string& name, const Histogram& histogram) {
  const HistogramSteps steps = histogram.steps();
  nlohmann::json line = {{"name", name}, {"overflow", steps.overflow}};
  line["counts"] = nlohmann::json::array();
  for (const HistogramSteps::Step& step : steps.steps) {
    line["counts"].push_back(
        {Histogram::lower_edge(step.index), Histogram::upper_edge(step.index), step.count});
  }
  line["percentiles"] = nlohmann::json::array();
  for (const double percentile : {0.1, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    if (const auto value = histogram.percentile(percentile / 100)) {
      line["percentiles"].push_back({percentile, *value});
    }
  }
  line["encoded"] = hdr_v2_base64(steps);
  std::puts(line.dump().c_str());
}

}  // namespace
}  // namespace wireproof

int main() {
  using namespace wireproof;
  print("empty", {});
  print("zero", of({{0, 3}}));
  print("one", of({{1, 1}}));
  print("neighbours_and_a_hole_of_one", of({{0, 1}, {1, 2}, {3, 4}, {5, 6}, {2047, 7}, {2048, 8}}));
  print("counts_of_every_width", of({{1, 63},
                                     {2, 64},
                                     {3, 8191},
                                     {4, 8192},
                                     {9, 1u << 20},
                                     {10, 1ull << 40},
                                     {11, 1ull << 54},
                                     {12, (1ull << 55) + 1},
                                     {1000, 1ull << 61}}));
  print("a_minute", of({{kMinute - 1, 1}, {kMinute, 2}}));
  print("the_last_step", of({{Histogram::kHighest, 5}}));
  print("beyond_the_last_step", of({{100, 50}, {Histogram::kHighest, 5}, {2 * kMinute, 40}}));
  print("every_step", every_step());
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    print("delays_" + std::to_string(seed), delays(seed));
  }
}
