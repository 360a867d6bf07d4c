#include "base/core_partition.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <tuple>

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

// The folders are left, which an undo that believed the entry would remove.
TEST(CorePartition, UndoesNoGroupOfOthers) {
  const FakeRoot root;
  set_up(root);
  const std::filesystem::path groups = root.path() + "/sys/fs/cgroup";
  const auto undone = [&](const char* group) {
    return undo_core_partition(
               {.kind = kCorePartitionKind, .fields = {{"group", group}, {"controller", "found"}}},
               root.path())
        .has_value();
  };
  for (const char* name : {"user.slice", "wireproof.1.0", "wireproof.1.0/below"})
    std::filesystem::create_directory(groups / name);
  EXPECT_TRUE(undone("user.slice"));
  EXPECT_TRUE(undone("wireproof.1.0/below"));
  EXPECT_TRUE(undone("wireproof.1.0/../user.slice"));
  EXPECT_TRUE(std::filesystem::exists(groups / "user.slice"));
  EXPECT_TRUE(std::filesystem::exists(groups / "wireproof.1.0/below"));
  std::filesystem::remove(groups / "wireproof.1.0/below");
  EXPECT_TRUE(undone("wireproof.1.0"));
  EXPECT_FALSE(std::filesystem::exists(groups / "wireproof.1.0"));
  EXPECT_TRUE(undone("wireproof.1.0")) << "gone by itself";
}

// Somebody uses the controller by now, for cores or for memory: it stays.
TEST(CorePartition, TakesTheControllerFromNobody) {
  for (const auto& [file, text, stays] :
       {std::tuple{"cpuset.cpus", "2-3\n", true}, std::tuple{"cpuset.mems", "0\n", true},
        std::tuple{"cpuset.cpus.partition", "root\n", true},
        std::tuple{"cgroup.subtree_control", "cpu cpuset\n", true},
        std::tuple{"cpuset.cpus.partition", "member\n", false},
        std::tuple{"cpuset.cpus", "\n", false}}) {
    const FakeRoot root;
    set_up(root);
    root.write("sys/fs/cgroup/cgroup.subtree_control", "cpuset cpu\n");
    root.write(std::string("sys/fs/cgroup/user.slice/") + file, text);
    EXPECT_TRUE(
        undo_core_partition({.kind = kCorePartitionKind,
                             .fields = {{"group", "wireproof.1.0"}, {"controller", "ours"}}},
                            root.path()));
    std::ifstream control(root.path() + "/sys/fs/cgroup/cgroup.subtree_control");
    std::string line;
    std::getline(control, line);
    // A file keeps what is behind the text that is written into it; the kernel's would not.
    EXPECT_EQ(line, stays ? "cpuset cpu" : "-cpusetcpu") << file << ' ' << text;
  }
}

TEST(CorePartition, WhatCannotBeSeenIsNotUndone) {
  const FakeRoot root;
  root.write("proc/self/mountinfo", kMounts);
  EXPECT_FALSE(
      undo_core_partition({.kind = kCorePartitionKind, .fields = {{"group", "wireproof.1.0"}}},
                          root.path())
          .has_value());
}

TEST(CorePartition, CoresThatWereIsolatedAtBootAreOthers) {
  const FakeRoot root;
  set_up(root);
  root.write("proc/cmdline", "root=/dev/vda1 isolcpus=2,3 quiet\n");
  EXPECT_EQ(why_not(root), "it has isolated cores since it was booted (isolcpus=)");
}

}  // namespace
}  // namespace wireproof
