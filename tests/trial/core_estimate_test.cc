#include "trial/core_estimate.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

constexpr double kImixMean = (7 * 64 + 4 * 570 + 1518) / 12.0;

TEST(CoreEstimate, LineRatesAreThoseOfTheBooks) {
  const struct {
    double rate_bps, frame_size, mpps;
  } rows[] = {{10e9, 64, 14.881},   {25e9, 64, 37.202},    {40e9, 64, 59.524},
              {100e9, 64, 148.810}, {400e9, 64, 595.238},  {10e9, 1518, 0.813},
              {100e9, 1518, 8.127}, {400e9, 1518, 32.510}, {100e9, kImixMean, 33.437}};
  for (const auto& row : rows) {
    const auto made = estimate_cores(row.rate_bps, {"x", row.frame_size, 10, 10}, {});
    EXPECT_NEAR(made.line_fps / 1e6, row.mpps, 0.0006) << row.rate_bps << " " << row.frame_size;
  }
}

TEST(CoreEstimate, CoresByHand) {
  // 148.81 Mpps x (8 + 12) ns = 2.976 cores fully spent, 3.501 at 85 %; x (30 + 15): 6.696, 7.878.
  const CoreEstimate made = estimate_cores(100e9, {"64", 64, 8, 30}, {});
  EXPECT_EQ(made.tx_cores, 4u);
  EXPECT_EQ(made.rx_cores, 8u);
  EXPECT_EQ(made.cores, 13u);
  // 60 bytes of frame and 16 of descriptor.
  EXPECT_NEAR(made.pcie_bps, 148'809'523.8 * 76 * 8, 1e3);
}

TEST(CoreEstimate, WhatFillsACoreExactlyNeedsNoOther) {
  // 84 bytes at 672 Mbit/s: a million frames a second.
  const PlanAssumptions assumed{.tx_driver_ns = 350, .rx_driver_ns = 351, .utilisation = 0.85};
  const CoreEstimate made = estimate_cores(672e6, {"64", 64, 500, 500}, assumed);
  EXPECT_EQ(made.tx_cores, 1u);
  EXPECT_EQ(made.rx_cores, 2u);
  EXPECT_EQ(estimate_cores(1e3, {"64", 64, 1, 1}, assumed).cores, 3u) << "never less than one each";
}

TEST(CoreEstimate, MoreRateNeverNeedsFewerCores) {
  CoreEstimate before;
  for (double rate = 1e9; rate < 1e12; rate *= 1.3) {
    const CoreEstimate made = estimate_cores(rate, {"64", 64, 7, 33}, {});
    EXPECT_GE(made.tx_cores, before.tx_cores);
    EXPECT_GE(made.rx_cores, before.rx_cores);
    before = made;
  }
}

TEST(CoreEstimate, ReachableAgreesWithTheCoresItTakes) {
  const SizeCost cost{"64", 64, 8, 30};
  for (const double rate : usual_line_rates()) {
    const CoreEstimate made = estimate_cores(rate, cost, {});
    EXPECT_GE(reachable_fps(made.cores, cost, {}), made.line_fps * (1 - 1e-9)) << rate;
    if (made.cores == 3) continue;
    EXPECT_LT(reachable_fps(made.cores - 1, cost, {}), made.line_fps) << rate;
  }
  const double one_receiver = 0.85e9 / 45;
  EXPECT_NEAR(reachable_fps(3, cost, {}), one_receiver, 1);
  EXPECT_NEAR(reachable_fps(2, cost, {}), one_receiver, 1);
  EXPECT_NEAR(reachable_fps(1, cost, {}), 0.85e9 / 65, 1);
}

TEST(CoreEstimate, PcieLinks) {
  const PlanAssumptions whole{.pcie_efficiency = 1};
  EXPECT_NEAR(pcie_usable_bps(2.5, 1, whole), 2e9, 1);
  EXPECT_NEAR(pcie_usable_bps(5, 8, whole), 32e9, 1);
  EXPECT_NEAR(pcie_usable_bps(8, 16, whole), 126.03e9, 1e7);
  EXPECT_NEAR(pcie_usable_bps(64, 16, whole), 944e9, 1);
  EXPECT_EQ(pcie_usable_bps(0, 16, {}), 0);
  EXPECT_EQ(pcie_usable_bps(8, 0, {}), 0);
  const double at_64 = estimate_cores(100e9, {"64", 64, 1, 1}, {}).pcie_bps;
  EXPECT_EQ(least_pcie_links(at_64, {}), "8 GT/s x16, 16 GT/s x8 or 32 GT/s x4");
  EXPECT_EQ(least_pcie_links(1e9, {}), "8 GT/s x1, 16 GT/s x1 or 32 GT/s x1");
  EXPECT_EQ(least_pcie_links(390e9, {}), "32 GT/s x16");
  EXPECT_EQ(least_pcie_links(1e12, {}), "none up to 32 GT/s x16");
}

TEST(CoreEstimate, EveryAssumptionHasASentence) {
  const auto all = stated({});
  EXPECT_GE(all.size(), 7u);
  for (const Assumption& one : all) {
    EXPECT_FALSE(one.name.empty());
    EXPECT_GT(one.sentence.size(), 20u) << one.name;
  }
}

TEST(CoreEstimate, ThePlanHoldsEveryRateInOrder) {
  const LinePlan plan =
      plan_lines({{"64", 64, 8, 30}, {"1518", 1518, 8, 90}}, 1024, {100e9, 10e9}, {});
  ASSERT_EQ(plan.rates.size(), 2u);
  EXPECT_EQ(plan.rates[0].line_rate_bps, 10e9);
  ASSERT_EQ(plan.rates[1].sizes.size(), 2u);
  EXPECT_EQ(plan.rates[1].sizes[0].cores, 13u);
}

}  // namespace
}  // namespace wireproof
