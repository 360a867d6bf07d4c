#include "base/cpu.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/fake_root.h"

namespace wireproof {
namespace {

TEST(Cpu, ParsesLists) {
  EXPECT_EQ(parse_cpu_list("--cores", "0").value(), (CpuList{0}));
  EXPECT_EQ(parse_cpu_list("--cores", "2-5,7").value(), (CpuList{2, 3, 4, 5, 7}));
  EXPECT_EQ(parse_cpu_list("--cores", "7,2-3").value(), (CpuList{2, 3, 7}));
  EXPECT_EQ(parse_cpu_list("--cores", "8191").value(), (CpuList{kCpuMax}));
}

TEST(Cpu, RefusesOtherLists) {
  for (const char* text : {"",      ",",    "1,",          ",1",    "1,,2", "5-2", "-1",     "1-",
                           "1--2",  "a",    "0x1",         "01",    " 1",   "1 ",  "1;2",    "1,1",
                           "1-3,2", "8192", "99999999999", "1-2-3", "1.0",  "+1",  "0-99999"}) {
    const auto cpus = parse_cpu_list("--cores", text);
    ASSERT_FALSE(cpus.has_value()) << text;
    EXPECT_EQ(cpus.error().kind, ErrorKind::kUsage);
    EXPECT_NE(cpus.error().message.find("--cores: '" + std::string(text)), std::string::npos);
  }
}

TEST(Cpu, ReadsFactsBelowARoot) {
  const FakeRoot root;
  root.write("sys/devices/system/cpu/online", "0-3\n");
  root.write("sys/devices/system/cpu/isolated", "2-3\n");
  root.write("sys/devices/system/node/online", "0-1\n");
  root.write("sys/devices/system/node/node0/cpulist", "0,2\n");
  root.write("sys/devices/system/node/node1/cpulist", "1,3\n");
  root.write("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
  root.write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
  root.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Example 9000: fast\n");
  const CpuFacts facts(root.path());
  EXPECT_EQ(facts.online(), (CpuList{0, 1, 2, 3}));
  EXPECT_EQ(facts.isolated(), (CpuList{2, 3}));
  EXPECT_EQ(facts.numa_nodes(), 2u);
  EXPECT_EQ(facts.numa_node(3), 1);
  EXPECT_EQ(facts.numa_node(4), -1);
  EXPECT_EQ(facts.cpus_of_node(0), (CpuList{0, 2}));
  EXPECT_TRUE(facts.cpus_of_node(7).empty());
  EXPECT_EQ(facts.clocksource(), "hpet");
  EXPECT_EQ(facts.governor(1), "powersave");
  EXPECT_FALSE(facts.governor(0).has_value());
  EXPECT_EQ(facts.model(), "Example 9000: fast");
}

TEST(Cpu, SaysSoWhenTheKernelIsSilent) {
  const FakeRoot root;
  const CpuFacts facts(root.path());
  EXPECT_TRUE(facts.online().empty());
  EXPECT_TRUE(facts.isolated().empty());
  EXPECT_EQ(facts.numa_nodes(), 1u);
  EXPECT_EQ(facts.numa_node(0), -1);
  EXPECT_EQ(facts.clocksource(), "unknown");
  EXPECT_EQ(facts.model(), "unknown");
}

TEST(Cpu, PinsTheCallingThreadAlone) {
  const CpuList before = allowed_cpus();
  ASSERT_FALSE(before.empty());
  std::thread([&before] {
    ASSERT_TRUE(pin_current_thread(before.back()).has_value());
    EXPECT_EQ(allowed_cpus(), (CpuList{before.back()}));
  }).join();
  EXPECT_EQ(allowed_cpus(), before);
}

TEST(Cpu, PinRefusesACpuThatIsNotThere) {
  for (const unsigned cpu : {kCpuMax, kCpuMax + 1, 4'000'000'000u}) {
    const auto status = pin_current_thread(cpu);
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().kind, ErrorKind::kPrecondition);
    EXPECT_EQ(status.error().errno_value, EINVAL);
  }
}

}  // namespace
}  // namespace wireproof
