#include "io/interrupts.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/fake_root.h"

namespace wireproof {
namespace {

namespace fs = std::filesystem;

std::string served(const FakeRoot& root, unsigned number) {
  std::ifstream file(fs::path(root.path()) / "proc/irq" / std::to_string(number) /
                     "smp_affinity_list");
  std::string line;
  std::getline(file, line);
  return line;
}

void serve(const FakeRoot& root, unsigned number, const std::string& cpus) {
  root.write("proc/irq/" + std::to_string(number) + "/smp_affinity_list", cpus + "\n");
}

// A journal of the test's own, whose undo knows the fake root.
class InterruptsTest : public testing::Test {
 protected:
  [[nodiscard]] UndoKinds kinds() const {
    return {{kInterruptKind, [this](const JournalEntry& entry) {
               return undo_interrupt_affinity(entry, root_.path());
             }}};
  }
  [[nodiscard]] fs::path journals() const { return fs::path(root_.path()) / "run"; }

  FakeRoot root_;
  const std::vector<PciNic> nics_{{.address = "0000:3b:00.0",
                                   .interfaces = {"eth0"},
                                   .interrupts = {{31, {}}, {32, {}}, {33, {}}, {34, {}}}}};
};

TEST_F(InterruptsTest, LeaveTheCoresAndComeBack) {
  serve(root_, 31, "0-3");
  serve(root_, 32, "2");
  serve(root_, 33, "0-1");
  {
    Journal journal(kinds(), journals());
    const auto moved = move_interrupts(nics_, {2, 3}, {0, 1, 2, 3}, journal, root_.path());
    ASSERT_TRUE(moved.has_value());
    EXPECT_EQ(moved->moved, 2u);
    EXPECT_TRUE(moved->refused.empty());
    EXPECT_EQ(served(root_, 31), "0,1");
    EXPECT_EQ(served(root_, 32), "0,1");  // it was allowed none of the others
    EXPECT_EQ(served(root_, 33), "0-1");  // never touched
    serve(root_, 32, "0");                // set by somebody else
    const auto entries = parse_journal([this] {
      std::ifstream file(fs::directory_iterator(journals())->path());
      return std::string(std::istreambuf_iterator<char>(file), {});
    }());
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0].netns, JournalEntry::kWholeHost);
  }
  EXPECT_EQ(served(root_, 31), "0,1,2,3");
  EXPECT_EQ(served(root_, 32), "0");
  EXPECT_TRUE(fs::is_empty(journals()));
}

TEST_F(InterruptsTest, AreServedWhereACpuIsOnline) {
  serve(root_, 31, "2-3,5");
  serve(root_, 32, "2,5");
  Journal journal(kinds(), journals());
  const auto moved = move_interrupts(nics_, {2}, {0, 1, 2, 3}, journal, root_.path());
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(served(root_, 31), "3");
  EXPECT_EQ(served(root_, 32), "0,1,3");
}

TEST_F(InterruptsTest, ThoseThatTheKernelRefusesAreTold) {
  serve(root_, 32, "0");
  const fs::path irq = fs::path(root_.path()) / "proc/irq";
  fs::create_directory(irq / "31");
  // A list of CPUs, CPU 0 among them, that nobody may write.
  fs::create_symlink("/sys/devices/system/cpu/online", irq / "31/smp_affinity_list");
  Journal journal(kinds(), journals());
  const auto moved = move_interrupts(nics_, {0}, {0, 1}, journal, root_.path());
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(moved->moved, 1u);
  EXPECT_EQ(moved->refused, std::vector<unsigned>{31});
  EXPECT_EQ(moved->refusal, EACCES);
  EXPECT_EQ(served_on(nics_, {0}, root_.path()), 1u);  // the refused one
}

TEST_F(InterruptsTest, WithoutAJournalNothingIsMoved) {
  serve(root_, 31, "0-3");
  Journal journal(kinds(), "/proc/none");
  EXPECT_FALSE(move_interrupts(nics_, {2, 3}, {0, 1, 2, 3}, journal, root_.path()).has_value());
  EXPECT_EQ(served(root_, 31), "0-3");
}

TEST_F(InterruptsTest, AWrittenEntryIsBelievedNoFurtherThanItGoes) {
  serve(root_, 31, "0-1");
  const auto undo = [this](std::map<std::string, std::string> fields) {
    return undo_interrupt_affinity({.kind = kInterruptKind, .fields = std::move(fields)},
                                   root_.path())
        .has_value();
  };
  root_.write("proc/irq/31/other/smp_affinity_list", "0-1\n");
  EXPECT_TRUE(undo({{"number", "31/other"}, {"was", "0-3"}, {"now", "0-1"}}));
  EXPECT_TRUE(undo({{"number", "31"}, {"was", "x"}, {"now", "0-1"}}));
  EXPECT_TRUE(undo({{"was", "0-3"}, {"now", "0-1"}}));
  EXPECT_TRUE(undo({{"number", "99"}, {"was", "0-3"}, {"now", "0-1"}}));  // it is gone
  EXPECT_EQ(served(root_, 31), "0-1");
  EXPECT_TRUE(undo({{"number", "31"}, {"was", "0-3"}, {"now", "0-1"}}));
  EXPECT_EQ(served(root_, 31), "0,1,2,3");
}

TEST(NicsBelow, AreThoseThatInterfacesStandOn) {
  const FakeRoot root;
  root.write("sys/class/net/vlan7/lower_bond0/mtu", "");
  root.write("sys/class/net/bond0/lower_eth0/mtu", "");
  root.write("sys/class/net/bond0/lower_eth1/mtu", "");
  root.write("sys/class/net/eth0/lower_vlan7/mtu", "");  // round in a circle: it ends all the same
  const std::vector<PciNic> nics{{.address = "a", .interfaces = {"eth0"}},
                                 {.address = "b", .interfaces = {"eth1", "eth2"}},
                                 {.address = "c", .interfaces = {"eth3"}},
                                 {.address = "d"}};
  const auto addresses = [&](const std::vector<std::string>& interfaces) {
    std::string all;
    for (const PciNic& nic : nics_below(interfaces, nics, root.path())) all += nic.address;
    return all;
  };
  EXPECT_EQ(addresses({"vlan7"}), "ab");
  EXPECT_EQ(addresses({"eth2"}), "b");
  EXPECT_EQ(addresses({"eth3", "eth0"}), "abc");
  EXPECT_EQ(addresses({}), "");
  EXPECT_EQ(addresses({"d", "eth3"}), "cd");
}

}  // namespace
}  // namespace wireproof
