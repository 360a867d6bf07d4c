#include "base/core_partition.h"

#include <gtest/gtest.h>

#include "support/fake_root.h"

// What the kernel does with a partition is seen in an emulated machine: tests/pci/isolation.py.
namespace wireproof {
namespace {

constexpr const char* kMounts =
    "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
    "30 22 0:26 /docker/1 /sys/fs/cgroup/part rw - cgroup2 cgroup2 rw\n"
    "31 22 0:27 / /sys/fs/cgroup rw,nosuid shared:9 master:2 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kUnified =
    "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t99\t1\n";

std::string why_not(const FakeRoot& root) {
  const Status able = CorePartition::check(root.path());
  return able ? "" : able.error().message.substr(able.error().message.find(": ") + 2);
}

// A host that could.
void set_up(const FakeRoot& root, const std::string& groups = "sys/fs/cgroup") {
  root.write("proc/cgroups", kUnified);
  root.write("proc/self/mountinfo", kMounts);
  root.write(groups + "/cgroup.controllers", "cpuset cpu io\n");
  root.write(groups + "/cgroup.procs", "");
}

TEST(CorePartition, NeedsCpuSetsInVersionTwo) {
  const FakeRoot root;
  set_up(root);
  EXPECT_EQ(why_not(root), "");
  root.write("sys/fs/cgroup/cgroup.controllers", "cpuset_other cpu\n");
  EXPECT_EQ(why_not(root), "its kernel has no CPU sets in cgroup v2 (CONFIG_CPUSETS)");
  root.write("proc/cgroups", "cpu\t2\t1\t1\ncpuset\t5\t1\t1\n");
  EXPECT_EQ(why_not(root),
            "its CPU sets are of cgroup v1 (hierarchy 5), which has no isolated partitions");
}

// A part of the groups, as a container has it, is no whole.
TEST(CorePartition, NeedsTheWholeHierarchy) {
  const FakeRoot root;
  set_up(root);
  root.write("sys/fs/cgroup/cgroup.type", "domain\n");
  EXPECT_EQ(why_not(root), "this process sees a part of its groups alone, as in a container");
}

// As under `ip netns exec`, which mounts a new /sys.
TEST(CorePartition, FindsWhatTheFirstProcessHas) {
  const FakeRoot root;
  set_up(root, "proc/1/root/sys/fs/cgroup");
  root.write("proc/self/mountinfo", "22 1 0:20 / /sys rw - sysfs sysfs rw\n");
  EXPECT_EQ(why_not(root), "cgroup v2 is not mounted");
  root.write("proc/1/mountinfo", kMounts);
  EXPECT_EQ(why_not(root), "");
}

TEST(CorePartition, UndoesNoGroupOfOthers) {
  const auto undone = [](const char* group) {
    return undo_core_partition({.kind = kCorePartitionKind, .fields = {{"group", group}}})
        .has_value();
  };
  EXPECT_TRUE(undone("../wireproof.1.0"));
  EXPECT_TRUE(undone("wireproof.1.0/../../user.slice"));
  EXPECT_TRUE(undone("wireproof.4194305.0"));  // gone by itself
  EXPECT_TRUE(undo_core_partition({.kind = kCorePartitionKind}).has_value());
}

}  // namespace
}  // namespace wireproof
