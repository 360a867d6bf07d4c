#include "trial/core_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/headers.h"

#include "trial/derive.h"

namespace wireproof {
namespace {

constexpr unsigned kLanesMax = 16;

// Frames a second of one core that spends so much on each.
double core_fps(double ns, const PlanAssumptions& assumed) {
  return 1e9 / ns * assumed.utilisation;
}

// What is a whole number but for rounding is that number.
unsigned cores_for(double fps, double per_core) {
  constexpr double kRounding = 1e-9;
  return std::max(1u, static_cast<unsigned>(std::ceil(fps / per_core * (1 - kRounding))));
}

// 8b/10b up to 5 GT/s, 128b/130b up to 32, above that 236 of the 256 bytes of a flit (PCI Express
// Base Specification, physical layer).
double code_rate(double gigatransfers) {
  if (gigatransfers <= 5) return 0.8;
  return gigatransfers <= 32 ? 128.0 / 130 : 236.0 / 256;
}

}  // namespace

std::vector<Assumption> stated(const PlanAssumptions& assumed) {
  return {
      {"tx_driver_ns", assumed.tx_driver_ns, "ns",
       "cost of sending a frame of any size in the poll-mode driver and its NIC"},
      {"rx_driver_ns", assumed.rx_driver_ns, "ns",
       "cost of receiving a frame in the driver, its bytes then being in the cache (DDIO)"},
      {"utilisation", assumed.utilisation, "",
       "the part of a core that may be spent; the rest is headroom for bursts and for other work"},
      {"control_cores", static_cast<double>(assumed.control_cores), "core",
       "for the counters, the screen and the operating system"},
      {"physical_cores", std::nullopt, "",
       "each worker has a physical core to itself: beside a busy hyperthread its frames may cost "
       "twice as much"},
      {"rss", std::nullopt, "",
       "the NIC spreads the flows evenly over the receive queues, one a core (RSS)"},
      {"pcie_descriptor_bytes", assumed.pcie_descriptor_bytes, "bytes",
       "of descriptors cross the slot beside each frame, which leaves its FCS to the NIC"},
      {"pcie_efficiency", assumed.pcie_efficiency, "",
       "the part of a PCIe link's bits that is frames and descriptors; packet heads and flow "
       "control take the rest, and beside 64-byte frames perhaps more"},
  };
}

CoreEstimate estimate_cores(double line_rate_bps, const SizeCost& cost,
                            const PlanAssumptions& assumed) {
  CoreEstimate made;
  made.line_fps = line_rate_fps(line_rate_bps, cost.frame_size);
  made.tx_cores = cores_for(made.line_fps, core_fps(cost.tx_ns + assumed.tx_driver_ns, assumed));
  made.rx_cores = cores_for(made.line_fps, core_fps(cost.rx_ns + assumed.rx_driver_ns, assumed));
  made.cores = made.tx_cores + made.rx_cores + assumed.control_cores;
  made.pcie_bps =
      made.line_fps * (cost.frame_size - kFcsLength + assumed.pcie_descriptor_bytes) * 8;
  return made;
}

double reachable_fps(unsigned cores, const SizeCost& cost, const PlanAssumptions& assumed) {
  const double tx_ns = cost.tx_ns + assumed.tx_driver_ns;
  const double rx_ns = cost.rx_ns + assumed.rx_driver_ns;
  if (cores <= 1) return core_fps(tx_ns + rx_ns, assumed);
  const unsigned workers = std::max(2u, cores - std::min(cores, assumed.control_cores));
  double best = 0;
  for (unsigned tx = 1; tx < workers; ++tx) {
    best = std::max(
        best, std::min(tx * core_fps(tx_ns, assumed), (workers - tx) * core_fps(rx_ns, assumed)));
  }
  return best;
}

double pcie_usable_bps(double gigatransfers, unsigned lanes, const PlanAssumptions& assumed) {
  return gigatransfers * 1e9 * lanes * code_rate(gigatransfers) * assumed.pcie_efficiency;
}

std::string least_pcie_links(double needed_bps, const PlanAssumptions& assumed) {
  std::vector<std::string> links;
  for (const double speed : {8.0, 16.0, 32.0}) {
    unsigned lanes = 1;
    while (lanes <= kLanesMax && pcie_usable_bps(speed, lanes, assumed) < needed_bps) lanes *= 2;
    if (lanes <= kLanesMax) links.push_back(fmt::format("{} GT/s x{}", speed, lanes));
  }
  if (links.empty()) return fmt::format("none up to 32 GT/s x{}", kLanesMax);
  const std::string last = links.back();
  links.pop_back();
  return links.empty() ? last : fmt::format("{} or {}", fmt::join(links, ", "), last);
}

const std::vector<double>& usual_line_rates() {
  static const std::vector<double> rates = {10e9, 25e9, 40e9, 100e9, 200e9, 400e9};
  return rates;
}

LinePlan plan_lines(std::vector<SizeCost> costs, std::uint32_t flows,
                    const std::vector<double>& line_rates_bps, const PlanAssumptions& assumed) {
  LinePlan plan{.flows = flows, .costs = std::move(costs), .assumed = assumed, .rates = {}};
  for (const double rate : line_rates_bps) {
    RatePlan& at = plan.rates.emplace_back(RatePlan{.line_rate_bps = rate, .sizes = {}});
    for (const SizeCost& cost : plan.costs) {
      at.sizes.push_back(estimate_cores(rate, cost, assumed));
    }
  }
  std::sort(plan.rates.begin(), plan.rates.end(),
            [](const RatePlan& a, const RatePlan& b) { return a.line_rate_bps < b.line_rate_bps; });
  return plan;
}

}  // namespace wireproof
