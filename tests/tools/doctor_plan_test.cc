#include "tools/doctor_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/fake_root.h"
#include "tools/doctor_pci.h"
#include "tools/expect_finding.h"

namespace wireproof {
namespace {

// At 100 Gbit/s: 4 senders and 8 receivers of 64-byte frames, 1 and 2 of the large ones.
LinePlan plan_for(const std::vector<double>& rates) {
  return plan_lines({{"64", 64, 8, 30}, {"1518", 1518, 8, 90}}, 1024, rates, {});
}

CpuList first_cpus(unsigned count) {
  CpuList cpus;
  for (unsigned cpu = 0; cpu < count; ++cpu) cpus.push_back(cpu);
  return cpus;
}

PciNic sound_nic() {
  return {.address = "0000:3b:00.0",
          .driver = "ice",
          .interfaces = {"ens1f0"},
          .link = {16, 16},
          .link_max = {16, 16},
          .numa_node = 0,
          .interrupts = {{90, {0}}, {91, {0}}}};
}

// Each reading takes longer than the one before, as on a core that more and more others share.
class SlowingClock final : public Clock {
 public:
  [[nodiscard]] Nanoseconds now() const override { return now_ += 100 + now_ / 50'000; }
  void sleep_until(Nanoseconds deadline) const override { now_ = std::max(now_, deadline); }

 private:
  mutable Nanoseconds now_ = 0;
};

TEST(DoctorPlan, ReadsRates) {
  for (const char* text : {"10G", "25Gbps", "40G", "100G", "200G", "400G", "2.5G", "1Tbps"}) {
    const auto rates = parse_plan(text);
    ASSERT_TRUE(rates.has_value()) << text;
    EXPECT_EQ(rates->size(), 1u);
  }
  EXPECT_EQ(parse_plan("100G")->front(), 100e9);
  EXPECT_EQ(*parse_plan("all"), usual_line_rates());
  for (const char* text : {"", "100", "10Mpps", "50%", "max", "-1", "1e9", "ALL", "9Mbps", "11T",
                           "0G", "100g", "fast"}) {
    const auto refused = parse_plan(text);
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::kUsage);
    EXPECT_NE(refused.error().hint.find("100G"), std::string::npos) << refused.error().hint;
  }
}

TEST(DoctorPlan, MeasuresEverySize) {
  const MonotonicClock clock;
  const auto plan = make_plan({10e9, 100e9}, clock);
  ASSERT_TRUE(plan.has_value());
  ASSERT_EQ(plan->costs.size(), 3u);
  EXPECT_EQ(plan->costs[1].size_name, "imix");
  EXPECT_NEAR(plan->costs[1].frame_size, 353.8, 0.1);
  for (const SizeCost& cost : plan->costs) {
    EXPECT_GT(cost.tx_ns, 0);
    EXPECT_GT(cost.rx_ns, 0);
    EXPECT_GE(cost.disturbance, 1);
  }
  EXPECT_EQ(plan->rates.size(), 2u);
}

TEST(DoctorPlan, SaysHowMuchLongerTheMostDisturbedTook) {
  const SlowingClock clock;
  const auto plan = make_plan({100e9}, clock);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->costs.size(), 3u);
  for (const SizeCost& cost : plan->costs) EXPECT_GT(cost.disturbance, 1.5) << cost.size_name;
}

TEST(DoctorPlan, CoresAreEnoughOrFew) {
  const FakeRoot root;
  root.write("sys/devices/system/cpu/online", "0-15\n");
  const CpuFacts facts(root.path());
  const LinePlan one = plan_for({100e9});
  expect(judge_cores(one, {facts, first_cpus(13)}), Bearing::kGood, "64-byte frames need 13, ");
  const HostFinding few = judge_cores(one, {facts, first_cpus(12)});
  expect(few, Bearing::kLimits, "12 allowed, 16 online, 0 isolated");
  EXPECT_NE(few.text.find("need 13 (these: 132.2 of 148.8 Mpps)"), std::string::npos) << few.text;
  EXPECT_NE(few.text.find("1518-byte frames need 4"), std::string::npos) << few.text;
  const LinePlan all = plan_for(usual_line_rates());
  expect(judge_cores(all, {facts, first_cpus(12)}), Bearing::kLimits,
         "64-byte frames up to 40 Gbit/s, 1518-byte frames up to 400 Gbit/s");
  expect(judge_cores(all, {facts, first_cpus(2)}), Bearing::kLimits, "too few for any");
}

TEST(DoctorPlan, HyperthreadsAreNoCores) {
  const FakeRoot root;
  for (unsigned cpu = 0; cpu < 26; ++cpu) {
    const unsigned first = cpu % 13;
    root.write(
        "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
        std::to_string(first) + "," + std::to_string(first + 13) + "\n");
  }
  const CpuFacts facts(root.path());
  EXPECT_EQ(facts.physical_cores({0, 13, 14}), 2u);
  const LinePlan plan = plan_for({100e9});
  expect(judge_cores(plan, {facts, first_cpus(26)}), Bearing::kGood, "on 13 physical cores");
  expect(judge_cores(plan, {facts, first_cpus(25)}), Bearing::kGood, "on 13 physical cores");
  CpuList twelve_twice = first_cpus(12);
  for (unsigned cpu = 13; cpu < 25; ++cpu) twelve_twice.push_back(cpu);
  expect(judge_cores(plan, {facts, twelve_twice}), Bearing::kLimits, "24 allowed on 12 physical");
}

TEST(DoctorPlan, TheNodeOfTheNic) {
  const FakeRoot root;
  root.write("sys/devices/system/node/online", "0-1\n");
  root.write("sys/devices/system/node/node0/cpulist", "0-12\n");
  root.write("sys/devices/system/node/node1/cpulist", "13-19\n");
  const CpuFacts facts(root.path());
  const PlanCores cores{facts, first_cpus(20)};
  PciNic nic = sound_nic();
  expect(judge_node(plan_for({100e9}), cores, nic), Bearing::kGood, "on node 0 with 13");
  nic.numa_node = 1;
  expect(judge_node(plan_for({100e9}), cores, nic), Bearing::kLimits, "on node 1 with 7");
  EXPECT_EQ(judge_plan(plan_for({100e9}), cores, {nic}).size(), 4u);
  nic.numa_node = -1;
  EXPECT_EQ(judge_plan(plan_for({100e9}), cores, {nic}).size(), 3u) << "no node, no finding";
  expect(judge_plan(plan_for({100e9}), cores, {}).at(1), Bearing::kGood, "no PCI");
}

TEST(DoctorPlan, TheSlotOfTheNic) {
  const LinePlan plan = plan_for({100e9});
  PciNic nic = sound_nic();
  expect(judge_pcie(plan, nic), Bearing::kGood, "16 GT/s x16 carries 201.6 Gbit/s");
  nic.link = {8, 8};
  const HostFinding slot = judge_pcie(plan, nic);
  expect(slot, Bearing::kLimits, "8 GT/s x8 carries 50.4 Gbit/s");
  EXPECT_NE(slot.cure.find("the device can do 16 GT/s x16"), std::string::npos) << slot.cure;
  nic.link_max = {8, 8};
  const HostFinding device = judge_pcie(plan, nic);
  expect(device, Bearing::kLimits, "100 Gbit/s needs 99.5");
  EXPECT_NE(device.cure.find("8 GT/s x16, 16 GT/s x8"), std::string::npos) << device.cure;
  expect(judge_pcie(plan_for(usual_line_rates()), nic), Bearing::kLimits, "enough for 40 Gbit/s");
  nic.link = {};
  expect(judge_pcie(plan, nic), Bearing::kGood, "no link to judge");
}

TEST(DoctorPlan, WhereInterruptsAreServed) {
  const FakeRoot root;
  const CpuFacts facts(root.path());
  const LinePlan plan = plan_for({10e9});  // one sender, one receiver
  PciNic nic = sound_nic();
  const PlanCores cores{facts, first_cpus(8)};
  const HostFinding shared = judge_interrupts(plan, cores, nic);  // receivers from the lowest up
  expect(shared, Bearing::kLimits, "interrupts 90 to 91 on CPUs 0; workers would run on 0");
  EXPECT_NE(shared.cure.find("/proc/irq/90/smp_affinity_list"), std::string::npos) << shared.cure;
  nic.interrupts = {{90, {3}}, {91, {4}}};
  expect(judge_interrupts(plan, cores, nic), Bearing::kGood, "3,4, where no worker");
  nic.interrupts = {{90, {1, 6}}};
  expect(judge_interrupts(plan, cores, nic), Bearing::kGood, "interrupt 90 on CPUs 1,6, where");
  nic.interrupts = {{90, {}}};
  expect(judge_interrupts(plan, cores, nic), Bearing::kGood, "no interrupts");
  nic.driver = "vfio-pci";
  expect(judge_interrupts(plan, cores, nic), Bearing::kGood, "polled");
}

TEST(DoctorPlan, TheSpeedOfThePort) {
  LinuxInterface port;
  port.name = "x0";
  expect(judge_port(plan_for({100e9}), port), Bearing::kGood, "no line rate");
  port.speed_bps = 25'000'000'000;
  const HostFinding slow = judge_port(plan_for({100e9}), port);
  expect(slow, Bearing::kLimits, "x0 is a port of 25 Gbit/s");
  EXPECT_NE(slow.cure.find("--plan 25G"), std::string::npos) << slow.cure;
  expect(judge_port(plan_for({25e9}), port), Bearing::kGood, "25 Gbit/s");
  expect(judge_port(plan_for(usual_line_rates()), port), Bearing::kGood, "25 Gbit/s");
}

TEST(DoctorPci, HowANicIsBoundAndHandedBack) {
  PciNic nic = sound_nic();
  expect(judge_binding(nic, false), Bearing::kGood,
         "0000:3b:00.0 (ens1f0): bound to ice; for dpdk:0000:3b:00.0: dpdk-devbind.py -b vfio-pci "
         "0000:3b:00.0; back: dpdk-devbind.py -b ice 0000:3b:00.0");
  expect(judge_binding(nic, true), Bearing::kGood, "do not give it to dpdk");
  nic.driver = "mlx5_core";
  expect(judge_binding(nic, false), Bearing::kGood, "no binding is needed");
  nic.driver = "vfio-pci";
  nic.interfaces.clear();
  expect(judge_binding(nic, false), Bearing::kGood, "0000:3b:00.0: bound to vfio-pci: as dpdk:");
  nic.driver.clear();
  expect(judge_binding(nic, false), Bearing::kGood, "no driver bound; for dpdk:");
  nic.driver = "ice";
  expect(judge_binding(nic, false), Bearing::kGood, "in another network namespace: ask there");
}

TEST(DoctorPci, WhetherVfioCouldTakeOne) {
  expect(judge_vfio({.iommu = true, .module_here = true}, true), Bearing::kGood, "can take");
  expect(judge_vfio({.module_here = true, .no_iommu_mode = true}, true), Bearing::kGood, "unsafe");
  const HostFinding module = judge_vfio({.iommu = true}, true);
  expect(module, Bearing::kLimits, "vfio-pci is not loaded, and an IOMMU");
  EXPECT_EQ(module.cure, "modprobe vfio-pci");
  const HostFinding iommu = judge_vfio({.module_here = true}, true);
  expect(iommu, Bearing::kLimits, "no IOMMU");
  EXPECT_TRUE(iommu.cure.starts_with("boot with")) << iommu.cure;
  expect(judge_vfio({}, false), Bearing::kGood, "modprobe vfio-pci; boot with");
}

}  // namespace
}  // namespace wireproof
