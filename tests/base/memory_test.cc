#include "base/memory.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "support/fake_root.h"

namespace wireproof {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

TEST(Memory, TheLeastOfHostAndControlGroupsIsLeft) {
  const FakeRoot root;
  EXPECT_FALSE(memory_left(root.path()).has_value());
  EXPECT_TRUE(check_memory(1ull << 60, "anything", "", root.path()));  // nothing is known
  root.write("proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable:    4194304 kB\n");
  EXPECT_EQ(memory_left(root.path()), 4096 * kMiB);

  // Version 2: of a group and of all those it is in; what its page cache holds can go.
  root.write("proc/self/cgroup", "0::/a.slice/b.service\n");
  root.write("sys/fs/cgroup/a.slice/memory.max", "1073741824\n");
  root.write("sys/fs/cgroup/a.slice/memory.current", "1048576000\n");
  root.write("sys/fs/cgroup/a.slice/memory.stat", "anon 5\ninactive_file 524288000\n");
  root.write("sys/fs/cgroup/a.slice/b.service/memory.max", "max\n");
  root.write("sys/fs/cgroup/a.slice/b.service/memory.current", "1\n");
  EXPECT_EQ(memory_left(root.path()), 1024 * kMiB - 500 * kMiB);

  // Version 1, as a container sees it: the path of its group is not below its mount.
  root.write("proc/self/cgroup", "5:cpu:/\n4:memory:/outside/id\n0::/\n");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600\n");
  root.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "94371840\n");
  EXPECT_EQ(memory_left(root.path()), 10 * kMiB);
  // More used than allowed: nothing is left.
  root.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "209715200\n");
  EXPECT_EQ(memory_left(root.path()), 0u);
}

TEST(Memory, MoreThanIsLeftIsRefusedInWords) {
  const FakeRoot root;
  root.write("proc/meminfo", "MemAvailable: 2048 kB\n");
  EXPECT_TRUE(check_memory(2 * kMiB, "a log", "take less", root.path()));
  const Status refused = check_memory(2 * kMiB + 1, "a log", "take less", root.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kPrecondition);
  EXPECT_EQ(refused.error().message, "a log takes 3 MiB, and this process may take 2 MiB more");
  EXPECT_EQ(refused.error().hint, "take less");
  EXPECT_EQ(refused.error().errno_value, ENOMEM);
}

TEST(Memory, ItsEndIsAnError) {
  const auto too_much = [](bool throws) -> Result<int> {
    if (throws) throw std::bad_alloc();
    return 7;
  };
  EXPECT_EQ(within_memory([&] { return too_much(false); }).value(), 7);
  const Result<int> ended = within_memory([&] { return too_much(true); });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, ErrorKind::kPrecondition);
  EXPECT_EQ(ended.error().errno_value, ENOMEM);
  const Status longer_than_any = within_memory([]() -> Status {
    std::vector<char> none;
    none.reserve(none.max_size() + 1);
    return {};
  });
  EXPECT_FALSE(longer_than_any);
}

}  // namespace
}  // namespace wireproof
