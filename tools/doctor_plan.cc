#include "tools/doctor_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "base/units.h"
#include "engine/core_plan.h"
#include "engine/frame_cost.h"
#include "tools/doctor_pci.h"
#include "tools/finding.h"
#include "traffic/profile.h"

namespace wireproof {
namespace {

constexpr const char* kPlanForms = "write 100G, 25Gbps or another bit rate, or all (10G to 400G)";
constexpr double kLineRateMin = 10e6;   // 10BASE-T ...
constexpr double kLineRateMax = 10e12;  // ... and beyond what is standardized
constexpr std::uint32_t kPlanFlows = 1024;

std::string gbit(double bps) {
  return fmt::format("{:g} Gbit/s", bps / 1e9);
}

std::string size_label(const SizeCost& cost) {
  const bool mix = cost.size_name.find_first_not_of("0123456789") != std::string::npos;
  return cost.size_name + (mix ? " frames" : "-byte frames");
}

unsigned most_cores(const RatePlan& rate) {
  unsigned most = 0;
  for (const CoreEstimate& at : rate.sizes) most = std::max(most, at.cores);
  return most;
}

double most_pcie(const RatePlan& rate) {
  double most = 0;
  for (const CoreEstimate& at : rate.sizes) most = std::max(most, at.pcie_bps);
  return most;
}

// The highest rate of the plan that `fits`; null when none does.
template <typename Fits>
const RatePlan* highest(const LinePlan& plan, const Fits& fits) {
  const auto found = std::find_if(plan.rates.rbegin(), plan.rates.rend(), fits);
  return found == plan.rates.rend() ? nullptr : &*found;
}

// What each size needs of the one rate, and where that is not there, how far these cores go.
std::string needs_text(const LinePlan& plan, unsigned cores) {
  std::vector<std::string> sizes;
  for (std::size_t i = 0; i < plan.costs.size(); ++i) {
    const SizeCost& cost = plan.costs[i];
    const CoreEstimate& at = plan.rates.front().sizes[i];
    std::string& text = sizes.emplace_back(fmt::format("{} need {}", size_label(cost), at.cores));
    if (at.cores <= cores) continue;
    const double reach = std::min(reachable_fps(cores, cost, plan.assumed), at.line_fps);
    text += fmt::format(" (these: {:.1f} of {:.1f} Mpps)", reach / 1e6, at.line_fps / 1e6);
  }
  return fmt::format("{}", fmt::join(sizes, ", "));
}

// The highest of several rates that these cores reach, for each size that reaches one.
std::string reach_text(const LinePlan& plan, unsigned cores) {
  std::vector<std::string> sizes;
  for (std::size_t i = 0; i < plan.costs.size(); ++i) {
    const RatePlan* reached =
        highest(plan, [&](const RatePlan& rate) { return rate.sizes[i].cores <= cores; });
    if (reached == nullptr) continue;
    sizes.push_back(
        fmt::format("{} up to {}", size_label(plan.costs[i]), gbit(reached->line_rate_bps)));
  }
  if (sizes.empty()) return "too few for any of these rates";
  return fmt::format("enough for {}", fmt::join(sizes, ", "));
}

CpuList interrupt_cpus(const PciNic& nic) {
  CpuList cpus;
  for (const PciInterrupt& one : nic.interrupts) {
    cpus.insert(cpus.end(), one.cpus.begin(), one.cpus.end());
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

// Where the workers of the plan's most demanding test would run, ascending.
CpuList worker_cpus(const LinePlan& plan, const PlanCores& cores, int node) {
  CorePlanSpec spec{.allowed = cores.allowed};
  if (node >= 0) spec.near = cores.facts.cpus_of_node(node);
  for (const CoreEstimate& at : plan.rates.back().sizes) {
    spec.tx_loops = std::max(spec.tx_loops, at.tx_cores);
    spec.rx_loops = std::max(spec.rx_loops, at.rx_cores);
  }
  const auto planned = plan_cores(spec);
  if (!planned) return cores.allowed;  // cannot be: nothing was asked for by name
  CpuList cpus = planned->tx;
  cpus.insert(cpus.end(), planned->rx.begin(), planned->rx.end());
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

// What is measured: the smallest frame, a mix, the largest that every Ethernet carries.
std::vector<TrafficProfile> plan_traffic() {
  return {{.sizes = {64}, .size_name = "64", .flows = kPlanFlows},
          {.sizes = *parse_size_mix("imix"), .size_name = "imix", .flows = kPlanFlows},
          {.sizes = {1518}, .size_name = "1518", .flows = kPlanFlows}};
}

// Keeps the least disturbed of several measurements, and how disturbed the worst was.
void keep_best(SizeCost& kept, const FrameCost& cost, double& slowest_ns) {
  const double ns = cost.tx_ns + cost.rx_ns;
  if (kept.tx_ns + kept.rx_ns == 0 || ns < kept.tx_ns + kept.rx_ns) {
    kept.tx_ns = cost.tx_ns;
    kept.rx_ns = cost.rx_ns;
  }
  slowest_ns = std::max(slowest_ns, cost.tx_ns_median + cost.rx_ns_median);
  const double best = kept.tx_ns + kept.rx_ns;
  if (best > 0) kept.disturbance = std::max(1.0, slowest_ns / best);
}

}  // namespace

Result<std::vector<double>> parse_plan(std::string_view text) {
  if (text == "all") return usual_line_rates();
  const auto rate = parse_rate("--plan", text);
  if (!rate) return fail(ErrorKind::kUsage, rate.error().message, kPlanForms);
  if (rate->kind != Rate::Kind::kBps) {
    return fail(ErrorKind::kUsage,
                fmt::format("--plan: {} is not the bit rate of a line", quote(text)), kPlanForms);
  }
  if (rate->value < kLineRateMin || rate->value > kLineRateMax) {
    return fail(ErrorKind::kUsage,
                fmt::format("--plan: {} is out of range: 10Mbps to 10Tbps", quote(text)),
                kPlanForms);
  }
  return std::vector<double>{rate->value};
}

Result<LinePlan> make_plan(const std::vector<double>& line_rates_bps, const Clock& clock) {
  constexpr int kRounds = 8;  // in turn, so that no size has the quiet moments for itself
  const std::vector<TrafficProfile> traffic = plan_traffic();
  std::vector<SizeCost> costs;
  costs.reserve(traffic.size());
  for (const TrafficProfile& profile : traffic) {
    costs.push_back({.size_name = profile.size_name, .frame_size = mean_frame_size(profile)});
  }
  std::vector<double> slowest_ns(traffic.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < traffic.size(); ++i) {
      const auto cost = measure_frame_cost(
          {.sizes = traffic[i].sizes, .flows = kPlanFlows, .blocks = 128}, clock);
      if (!cost) return tl::unexpected(cost.error());
      keep_best(costs[i], *cost, slowest_ns[i]);
    }
  }
  return plan_lines(std::move(costs), kPlanFlows, line_rates_bps, {});
}

HostFinding judge_cores(const LinePlan& plan, const PlanCores& cores) {
  const auto allowed = static_cast<unsigned>(cores.allowed.size());
  const unsigned physical = cores.facts.physical_cores(cores.allowed);
  const std::string text =
      fmt::format("{} allowed{}, {} online, {} isolated: {}", allowed,
                  physical < allowed ? fmt::format(" on {} physical cores", physical) : "",
                  cores.facts.online().size(), cores.facts.isolated().size(),
                  plan.rates.size() == 1 ? needs_text(plan, physical) : reach_text(plan, physical));
  if (most_cores(plan.rates.back()) <= physical) return good("cores", text);
  return limits("cores", text,
                "use a host with more cores, or allow this process more CPUs (taskset, cpuset); a "
                "lower rate or larger frames need fewer");
}

HostFinding judge_node(const LinePlan& plan, const PlanCores& cores, const PciNic& nic) {
  const CpuList on_node = cores.facts.cpus_of_node(nic.numa_node);
  CpuList near;
  std::set_intersection(on_node.begin(), on_node.end(), cores.allowed.begin(), cores.allowed.end(),
                        std::back_inserter(near));
  const unsigned here = cores.facts.physical_cores(near);
  const unsigned needed = most_cores(plan.rates.back());
  const std::string text =
      fmt::format("{}: on node {} with {} of the allowed cores; {} needs up to {}", name_of(nic),
                  nic.numa_node, here, gbit(plan.rates.back().line_rate_bps), needed);
  if (here >= needed) return good("node", text);
  return limits("node", text + "; frames of the others cross between the nodes",
                "put the NIC into a slot of the node with more CPUs, or allow more of this one's");
}

HostFinding judge_pcie(const LinePlan& plan, const PciNic& nic) {
  if (nic.link == PcieLink{}) {
    return good("pcie", name_of(nic) + ": no link to judge, as with virtual devices");
  }
  const auto usable = [&plan](const PcieLink& link) {
    return pcie_usable_bps(link.gigatransfers, link.lanes, plan.assumed);
  };
  const double carried = usable(nic.link);
  const RatePlan& top = plan.rates.back();
  std::string text = fmt::format("{}: {:g} GT/s x{} carries {:.1f} Gbit/s each way", name_of(nic),
                                 nic.link.gigatransfers, nic.link.lanes, carried / 1e9);
  if (most_pcie(top) <= carried) {
    return good("pcie", text + fmt::format("; {} needs {:.1f}", gbit(top.line_rate_bps),
                                           most_pcie(top) / 1e9));
  }
  const RatePlan* reached =
      highest(plan, [&](const RatePlan& rate) { return most_pcie(rate) <= carried; });
  if (reached != nullptr) {
    text += fmt::format(": enough for {}", gbit(reached->line_rate_bps));
  }
  text += fmt::format("; {} needs {:.1f}", gbit(top.line_rate_bps), most_pcie(top) / 1e9);
  if (usable(nic.link_max) >= most_pcie(top)) {
    return limits(
        "pcie", text,
        fmt::format("the device can do {:g} GT/s x{}: give it a slot that can (lspci -vv, "
                    "LnkSta)",
                    nic.link_max.gigatransfers, nic.link_max.lanes));
  }
  return limits("pcie", text,
                "a NIC and a slot of at least " + least_pcie_links(most_pcie(top), plan.assumed));
}

HostFinding judge_interrupts(const LinePlan& plan, const PlanCores& cores, const PciNic& nic) {
  if (is_user_space_driver(nic.driver)) {
    return good("irqs", name_of(nic) + ": polled, no interrupts");
  }
  const CpuList serving = interrupt_cpus(nic);
  if (serving.empty()) return good("irqs", name_of(nic) + ": no interrupts are served");
  const CpuList workers = worker_cpus(plan, cores, nic.numa_node);
  CpuList both;
  std::set_intersection(serving.begin(), serving.end(), workers.begin(), workers.end(),
                        std::back_inserter(both));
  const unsigned first = nic.interrupts.front().number;
  const unsigned last = nic.interrupts.back().number;
  const std::string text =
      fmt::format("{}: {} on CPUs {}", name_of(nic),
                  first == last ? fmt::format("interrupt {}", first)
                                : fmt::format("interrupts {} to {}", first, last),
                  fmt::join(serving, ","));
  if (both.empty()) return good("irqs", text + ", where no worker would run");
  return limits(
      "irqs", fmt::format("{}; workers would run on {}", text, fmt::join(both, ",")),
      fmt::format("stop irqbalance, and echo CPU > /proc/irq/{}/smp_affinity_list (and so "
                  "on) with a CPU that has no worker; a user-space driver has none to move",
                  nic.interrupts.front().number));
}

HostFinding judge_port(const LinePlan& plan, const LinuxInterface& interface) {
  const auto speed = static_cast<double>(interface.speed_bps);
  if (speed == 0)
    return good("port", interface.name + " reports no line rate to compare with the plan");
  const std::string text = fmt::format("{} is a port of {}", interface.name, gbit(speed));
  if (plan.rates.front().line_rate_bps <= speed) return good("port", text);
  return limits("port",
                fmt::format("{}; the plan is for {}", text, gbit(plan.rates.front().line_rate_bps)),
                fmt::format("plan for what it has: --plan {:g}G", speed / 1e9));
}

std::vector<HostFinding> judge_plan(const LinePlan& plan, const PlanCores& cores,
                                    const std::vector<PciNic>& nics) {
  std::vector<HostFinding> findings = {judge_cores(plan, cores)};
  if (nics.empty()) findings.push_back(good("pcie", "no PCI Ethernet device to judge"));
  for (const PciNic& nic : nics) {
    if (nic.numa_node >= 0 && cores.facts.numa_nodes() > 1) {
      findings.push_back(judge_node(plan, cores, nic));
    }
    findings.push_back(judge_pcie(plan, nic));
    findings.push_back(judge_interrupts(plan, cores, nic));
  }
  return findings;
}

}  // namespace wireproof
