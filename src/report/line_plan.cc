// The cores and links of a line-rate test (`wireproof doctor --plan`), as JSON and text.
#include <fmt/format.h>

#include <algorithm>

#include "report/json_parts.h"
#include "report/text_parts.h"

namespace wireproof {
namespace {

constexpr double kDisturbed = 1.3;

double pcie_bps_max(const RatePlan& rate) {
  double most = 0;
  for (const CoreEstimate& size : rate.sizes) most = std::max(most, size.pcie_bps);
  return most;
}

Json assumptions_json(const PlanAssumptions& assumed) {
  Json list = Json::array();
  for (const Assumption& one : stated(assumed)) {
    Json json = {{"name", one.name}, {"sentence", one.sentence}};
    if (one.value) json["value"] = *one.value;
    if (!one.unit.empty()) json["unit"] = one.unit;
    list.push_back(json);
  }
  return list;
}

Json rate_json(const LinePlan& plan, const RatePlan& rate) {
  Json sizes = Json::array();
  for (std::size_t i = 0; i < plan.costs.size(); ++i) {
    const CoreEstimate& at = rate.sizes[i];
    sizes.push_back({{"size", plan.costs[i].size_name},
                     {"line_fps", at.line_fps},
                     {"tx_cores", at.tx_cores},
                     {"rx_cores", at.rx_cores},
                     {"cores", at.cores},
                     {"pcie_bps", at.pcie_bps}});
  }
  return {{"line_rate_bps", rate.line_rate_bps},
          {"pcie_bps", pcie_bps_max(rate)},
          {"pcie_links", least_pcie_links(pcie_bps_max(rate), plan.assumed)},
          {"sizes", sizes}};
}

// One rate: a line a frame size.
std::string rate_table(const LinePlan& plan, const RatePlan& rate) {
  std::string text =
      " frame  line rate     own ns a frame        cores needed        PCIe each way\n"
      " bytes       Mpps     send   receive    send  receive   all            Gbit/s\n";
  for (std::size_t i = 0; i < plan.costs.size(); ++i) {
    const SizeCost& cost = plan.costs[i];
    const CoreEstimate& at = rate.sizes[i];
    text += fmt::format("{:>6} {:>10.3f} {:>8.1f} {:>9.1f} {:>7} {:>8} {:>5} {:>17.1f}\n",
                        cost.size_name, at.line_fps / 1e6, cost.tx_ns, cost.rx_ns, at.tx_cores,
                        at.rx_cores, at.cores, at.pcie_bps / 1e9);
  }
  return text + "\n" +
         wrapped("smallest PCIe link of each port: " +
                 least_pcie_links(pcie_bps_max(rate), plan.assumed));
}

// Several rates: a line each, a group of columns a frame size.
std::string rates_table(const LinePlan& plan) {
  std::string sizes = "frame bytes ";
  std::string head = "     Gbit/s ";
  for (const SizeCost& cost : plan.costs) {
    sizes += fmt::format("{:>18}", cost.size_name);
    head += "   send  recv   all";
  }
  std::string text = sizes + "       PCIe\n" + head + "     Gbit/s\n";
  for (const RatePlan& rate : plan.rates) {
    text += fmt::format("{:>11g} ", rate.line_rate_bps / 1e9);
    for (const CoreEstimate& at : rate.sizes) {
      text += fmt::format("{:>7}{:>6}{:>6}", at.tx_cores, at.rx_cores, at.cores);
    }
    text += fmt::format("{:>11.1f}\n", pcie_bps_max(rate) / 1e9);
  }
  std::string own = "own ns a frame, send + receive:";
  for (const SizeCost& cost : plan.costs) {
    own += fmt::format("{} {}: {:.1f} + {:.1f}", &cost == plan.costs.data() ? "" : ",",
                       cost.size_name, cost.tx_ns, cost.rx_ns);
  }
  return text + "\n" + wrapped(own);
}

// How the own ns came about, and what to think of them.
std::string measured_lines(const LinePlan& plan) {
  std::string text = fmt::format(
      "measured: own ns, the tester's own cost of a frame in memory, {} flows permuted, on one "
      "core of this host; the fastest tenth of the blocks counts",
      grouped(plan.flows));
  double disturbance = 1;
  for (const SizeCost& cost : plan.costs) disturbance = std::max(disturbance, cost.disturbance);
  if (disturbance >= kDisturbed) {
    text += fmt::format(". Something shared the core: others took up to {:.1f} times as long",
                        disturbance);
  }
  return wrapped(text);
}

std::string assumption_lines(const PlanAssumptions& assumed) {
  constexpr std::size_t kWidth = 12;
  std::string text = "assumed, not measured here:\n";
  for (const Assumption& one : stated(assumed)) {
    const std::string value = one.value ? fmt::format("{:g} {}", *one.value, one.unit) : "";
    std::string lines = wrapped(std::string(kWidth, '.').append(one.sentence), kWidth);
    text += lines.replace(0, kWidth, fmt::format("  {:<{}}", value, kWidth - 2));
  }
  return text;
}

}  // namespace

Json line_plan_json(const LinePlan& plan) {
  Json costs = Json::array();
  for (const SizeCost& cost : plan.costs) {
    costs.push_back({{"size", cost.size_name},
                     {"frame_size", cost.frame_size},
                     {"tx_ns", cost.tx_ns},
                     {"rx_ns", cost.rx_ns},
                     {"disturbance", cost.disturbance}});
  }
  Json rates = Json::array();
  for (const RatePlan& rate : plan.rates) rates.push_back(rate_json(plan, rate));
  return {{"flows", plan.flows},
          {"costs", costs},
          {"assumptions", assumptions_json(plan.assumed)},
          {"rates", rates}};
}

std::string line_plan_text(const LinePlan& plan) {
  const bool one = plan.rates.size() == 1;
  std::string text =
      fmt::format("{}: one port sends, another receives\n\n",
                  one ? "line rate at " + bit_rate_text(plan.rates.front().line_rate_bps)
                      : "cores needed at line rate");
  text += one ? rate_table(plan, plan.rates.front()) : rates_table(plan);
  text += measured_lines(plan);
  return text + assumption_lines(plan.assumed);
}

}  // namespace wireproof
