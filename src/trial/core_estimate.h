// How many cores a test at line rate needs, and what link the NIC must have. Arithmetic alone: what
// a frame costs the tester is measured (engine/frame_cost), what cannot be measured without the NIC
// is assumed, and every assumption is data with a sentence, printed beside the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wireproof {

// Measured on one core of this host, without a device.
struct SizeCost {
  std::string size_name;   // "64", "imix"
  double frame_size = 64;  // with FCS; the mean of a mix
  double tx_ns = 0;        // a frame, undisturbed
  double rx_ns = 0;
  double disturbance = 1;  // what was had for most of the measurement, as a multiple of that
};

// What stated() says in words.
struct PlanAssumptions {
  double tx_driver_ns = 12;
  double rx_driver_ns = 15;
  double utilisation = 0.85;
  unsigned control_cores = 1;
  double pcie_efficiency = 0.8;
  double pcie_descriptor_bytes = 16;
};

struct Assumption {
  std::string_view name;        // as in JSON: "tx_driver_ns"
  std::optional<double> value;  // absent: taken for granted, without a number
  std::string_view unit;        // empty: a part of one
  std::string_view sentence;
};

[[nodiscard]] std::vector<Assumption> stated(const PlanAssumptions& assumed);

// One size at one rate: one port sends, another receives.
struct CoreEstimate {
  double line_fps = 0;
  unsigned tx_cores = 0;
  unsigned rx_cores = 0;
  unsigned cores = 0;   // both and those of the control
  double pcie_bps = 0;  // through the slot of either port, in the direction of the frames
};

[[nodiscard]] CoreEstimate estimate_cores(double line_rate_bps, const SizeCost& cost,
                                          const PlanAssumptions& assumed);

// The frames a second that `cores` (at least 1) can send and receive, divided between the two as is
// best; one core takes turns, two have no core left for the control.
[[nodiscard]] double reachable_fps(unsigned cores, const SizeCost& cost,
                                   const PlanAssumptions& assumed);

// What a PCI Express link carries in one direction: lanes x transfers x line code x efficiency. 0
// when either is 0, which is how "unknown" is said.
[[nodiscard]] double pcie_usable_bps(double gigatransfers, unsigned lanes,
                                     const PlanAssumptions& assumed);

// The least links of 8, 16 and 32 GT/s that carry so much: "8 GT/s x16, 16 GT/s x8 or 32 GT/s x4";
// "none up to 32 GT/s x16" when there is none.
[[nodiscard]] std::string least_pcie_links(double needed_bps, const PlanAssumptions& assumed);

struct RatePlan {
  double line_rate_bps = 0;
  std::vector<CoreEstimate> sizes;  // in the order of LinePlan::costs
};

struct LinePlan {
  std::uint32_t flows = 0;  // of the measured traffic
  std::vector<SizeCost> costs;
  PlanAssumptions assumed;
  std::vector<RatePlan> rates;  // ascending
};

// The rates that Ethernet ports of today have: 10, 25, 40, 100, 200, 400 Gbit/s.
[[nodiscard]] const std::vector<double>& usual_line_rates();

[[nodiscard]] LinePlan plan_lines(std::vector<SizeCost> costs, std::uint32_t flows,
                                  const std::vector<double>& line_rates_bps,
                                  const PlanAssumptions& assumed);

}  // namespace wireproof
