#include "tools/doctor.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

#include <algorithm>

#include "support/fake_root.h"
#include "tools/doctor_interface.h"
#include "tools/expect_finding.h"

namespace wireproof {
namespace {

constexpr std::uint64_t bit(int capability) {
  return 1ull << capability;
}

TEST(Doctor, ReadsCapabilities) {
  EXPECT_EQ(parse_effective_capabilities("Name:\tx\nCapEff:\t0000000000003000\nCapBnd:\t0\n"),
            bit(CAP_NET_ADMIN) | bit(CAP_NET_RAW));
  EXPECT_EQ(parse_effective_capabilities("Name:\tx\n"), 0u);
  EXPECT_EQ(parse_effective_capabilities(""), 0u);
}

TEST(Doctor, NamesEachMissingCapability) {
  expect(check_capabilities(~0ull), Bearing::kGood, "all");
  const struct {
    int number;
    const char* name;
  } rows[] = {{CAP_NET_RAW, "cap_net_raw"},
              {CAP_NET_ADMIN, "cap_net_admin"},
              {39, "cap_bpf"},
              {CAP_IPC_LOCK, "cap_ipc_lock"}};
  for (const auto& row : rows) {
    const HostFinding finding = check_capabilities(~bit(row.number));
    expect(finding, Bearing::kLimits, row.name);
    EXPECT_NE(finding.cure.find(std::string(row.name) + "+ep"), std::string::npos) << finding.cure;
  }
}

TEST(Doctor, MemlockMattersWithoutIpcLockAlone) {
  expect(check_memlock(std::nullopt, 0), Bearing::kGood, "unlimited");
  expect(check_memlock(8ull << 20, bit(CAP_IPC_LOCK)), Bearing::kGood, "8192 KiB");
  expect(check_memlock(64ull << 20, 0), Bearing::kGood, "65536 KiB");
  expect(check_memlock(8ull << 20, 0), Bearing::kLimits, "8192 KiB");
}

TEST(Doctor, WithoutAnInterfaceBackendNoInterfaceCanBeTested) {
  using enum BackendFacts::State;
  const std::vector<BackendFacts> sockets = {{"af_xdp", "", kRefused, "no rights", ""},
                                             {"io_uring", "", kUsable, "", ""}};
  expect(check_backends(sockets, false), Bearing::kLimits, "usable: io_uring");
  expect(check_backends(sockets, true), Bearing::kBlocks, "none of them");
  expect(check_backends({{"af_packet", "", kUsable, "", ""}}, true), Bearing::kGood, "af_packet");
}

TEST(Doctor, CpusClockAndPower) {
  const FakeRoot root;
  root.write("sys/devices/system/cpu/online", "0-3\n");
  root.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
  root.write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
  root.write("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
  const CpuFacts facts(root.path());
  expect(check_cpus(facts, {0}), Bearing::kLimits, "1 (0) of 4");
  expect(check_cpus(facts, {0, 1}), Bearing::kLimits, "2 (0,1) of 4");
  expect(check_cpus(facts, {0, 1, 2}), Bearing::kGood, "3 (0,1,2) of 4");
  expect(check_governor(facts, {0}), Bearing::kGood, "performance");
  expect(check_governor(facts, {0, 1}), Bearing::kLimits, "CPU 1");
  expect(check_governor(facts, {2}), Bearing::kGood, "no frequency scaling");
  const Status refused = fail(ErrorKind::kPrecondition, "version 1", "version 2");
  expect(check_isolation(facts, {0, 1}, refused), Bearing::kLimits, "not possible: version 1");
  EXPECT_EQ(check_isolation(facts, {0, 1}, refused).cure, "version 2");
  expect(check_isolation(facts, {0, 1}, {}), Bearing::kGood, "--isolate asks");
  expect(check_isolation(facts, {0}, {}), Bearing::kGood, "one CPU");
  expect(check_clocksource(facts), Bearing::kLimits, "hpet");
  root.write("sys/devices/system/cpu/isolated", "2-3\n");
  root.write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  expect(check_isolation(facts, {0, 1, 2, 3}, refused), Bearing::kGood, "2,3");
  expect(check_clocksource(facts), Bearing::kGood, "tsc");
}

TEST(Doctor, AutogroupsHideThePriority) {
  expect(check_autogroup("", ""), Bearing::kGood, "no autogroups");
  expect(check_autogroup("0\n", "/autogroup-7 nice 0\n"), Bearing::kGood, "no autogroups");
  expect(check_autogroup("1\n", "/autogroup-7 nice 0\n"), Bearing::kLimits, "session only");
  expect(check_autogroup("1\n", "/autogroup-7 nice -20\n"), Bearing::kGood, "higher priority");
}

TEST(Doctor, CountsHugepages) {
  const FakeRoot root;
  expect(check_hugepages(root.path(), false), Bearing::kGood, "0 of 2 MiB and 0 of 1 GiB");
  expect(check_hugepages(root.path(), true), Bearing::kLimits, "needs them");
  root.write("sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "2\n");
  expect(check_hugepages(root.path(), true), Bearing::kGood, "0 of 2 MiB and 2 of 1 GiB");
  root.write("sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "512\n");
  expect(check_hugepages(root.path(), true), Bearing::kGood, "512 of 2 MiB");
}

InterfaceState sound_interface() {
  InterfaceState state;
  state.interface.name = "x0";
  state.interface.mtu = 1500;
  state.interface.admin_up = state.interface.carrier = true;
  state.interface.driver = "ixgbe";
  state.interface.speed_bps = 10'000'000'000;
  state.rings = RingSizes{4096, 4096, 512, 4096};
  return state;
}

Bearing worst(const InterfaceState& state) {
  Bearing worst = Bearing::kGood;
  for (const HostFinding& finding : judge_interface(state)) {
    worst = std::max(worst, finding.bearing);
    EXPECT_EQ(finding.cure.empty(), finding.bearing == Bearing::kGood) << finding.text;
  }
  return worst;
}

TEST(DoctorInterface, EachFaultIsSeen) {
  EXPECT_EQ(worst(sound_interface()), Bearing::kGood);
  const struct {
    void (*spoil)(InterfaceState&);
    Bearing bearing;
  } rows[] = {
      {[](InterfaceState& s) { s.interface.admin_up = false; }, Bearing::kBlocks},
      {[](InterfaceState& s) { s.interface.carrier = false; }, Bearing::kBlocks},
      {[](InterfaceState& s) { s.interface.loopback = true; }, Bearing::kBlocks},
      {[](InterfaceState& s) { s.interface.mtu = 576; }, Bearing::kLimits},
      {[](InterfaceState& s) { s.interface.carries_default_route = true; }, Bearing::kLimits},
      {[](InterfaceState& s) { s.rings->rx = 256; }, Bearing::kLimits},
      {[](InterfaceState& s) { s.lro = true; }, Bearing::kLimits},
      {[](InterfaceState& s) { s.rx_pause = true; }, Bearing::kLimits},
      {[](InterfaceState& s) { s.xdp_program = 7; }, Bearing::kLimits},
  };
  for (const auto& row : rows) {
    InterfaceState state = sound_interface();
    row.spoil(state);
    EXPECT_EQ(worst(state), row.bearing) << (&row - rows);
  }
}

TEST(DoctorInterface, TheCureOfASmallRingIsTheLargest) {
  InterfaceState state = sound_interface();
  state.rings->rx = 256;
  const std::vector<HostFinding> findings = judge_interface(state);
  const auto rings = std::find_if(findings.begin(), findings.end(), [](const HostFinding& finding) {
    return finding.subject == "rings";
  });
  ASSERT_TRUE(rings != findings.end());
  EXPECT_EQ(rings->cure, "ethtool -G x0 rx 4096");
  EXPECT_NE(rings->text.find("receive 256 of 4096, send 512 of 4096"), std::string::npos);
}

TEST(DoctorInterface, WhatHasNoRingsOrSpeedIsNotAtFault) {
  InterfaceState state = sound_interface();
  state.rings.reset();
  state.interface.speed_bps = 0;
  state.gro = true;
  EXPECT_EQ(worst(state), Bearing::kGood);
}

TEST(DoctorInterface, LoopbackIsExaminedAndUnknownNamesAreRefused) {
  const auto loopback = examine_interface("lo");
  ASSERT_TRUE(loopback.has_value());
  EXPECT_EQ(worst(*loopback), Bearing::kBlocks);
  const auto unknown = examine_interface("lo1");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().kind, ErrorKind::kPrecondition);
}

TEST(Doctor, SaysWhatKilledRunsLeft) {
  LeftoverChange change{.entry = {"clsact-filter", {{"interface", "eth1"}}, 1}, .owner = 42};
  change.outcome = Leftover::kElsewhere;  // another network namespace's
  expect(check_leftovers(std::vector{change}), Bearing::kGood, "nothing");
  change.outcome = Leftover::kWouldUndo;
  expect(check_leftovers(std::vector{change}), Bearing::kLimits, "clsact-filter interface=eth1");
  expect(check_leftovers(fail(ErrorKind::kPrecondition, "cannot read /run", "look")),
         Bearing::kLimits, "cannot read /run");
}

}  // namespace
}  // namespace wireproof
