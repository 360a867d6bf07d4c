// What one core analyzes, without a device: Mpps of 64-byte frames in permuted order, a line for
// each number of flows, "FLOWS MPPS COUNTERS", with every metric and with the counters alone, of
// the fastest tenth of 4,096 blocks. Above 4,096 flows share sequence spaces, as in a trial.
//
//   rx_analysis [FLOWS...]
#include <fmt/format.h>

#include "base/host_clock.h"
#include "base/units.h"
#include "engine/frame_cost.h"
#include "traffic/profile.h"

namespace wireproof {
namespace {

// Two million frames a line: a million flows are all seen.
constexpr std::size_t kBlocks = 4096;

Status print_line(std::uint32_t flows) {
  const HostClock clock;
  const auto cost = measure_frame_cost({.flows = flows, .blocks = kBlocks}, clock);
  if (!cost) return tl::unexpected(cost.error());
  const auto counters =
      measure_frame_cost({.flows = flows, .blocks = kBlocks, .counters_alone = true}, clock);
  if (!counters) return tl::unexpected(counters.error());
  fmt::print("{} {:.2f} {:.2f}\n", flows, 1e3 / cost->rx_ns, 1e3 / counters->rx_ns);
  return {};
}

Status print_all(std::span<const char* const> words) {
  std::vector<std::uint32_t> list = {1, 16, 256, 1024, 4096, 16'384, 65'536, 262'144, kFlowsMax};
  if (!words.empty()) list.clear();
  for (const char* word : words) {
    const auto flows = parse_count("FLOWS", word, 1, kFlowsMax);
    if (!flows) return tl::unexpected(flows.error());
    list.push_back(static_cast<std::uint32_t>(*flows));
  }
  for (const std::uint32_t flows : list) {
    if (const Status ok = print_line(flows); !ok) return ok;
  }
  return {};
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  const std::span<const char* const> words(argv, static_cast<std::size_t>(argc));
  const wireproof::Status done = wireproof::print_all(words.subspan(1));
  if (done) return 0;
  fmt::print(stderr, "rx_analysis: {}\n", done.error().message);
  return 1;
}
