#include "base/journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include "support/netns.h"

namespace wireproof {
namespace {

namespace fs = std::filesystem;

// A directory of the test's own, and an undo that takes notes.
class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / fmt::format("wp{}.journal", getpid());
    fs::remove_all(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  [[nodiscard]] UndoKinds kinds() {
    return {{"note", [this](const JournalEntry& entry) -> Status {
               if (refuse_) return fail(ErrorKind::kPrecondition, "not today");
               undone_.push_back(entry.fields.at("what"));
               return {};
             }}};
  }
  [[nodiscard]] std::size_t files() const {
    return fs::exists(directory_)
               ? static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), {}))
               : 0;
  }
  // A process that records `what` and is killed.
  void die_with(const std::vector<std::string>& what) {
    std::array<int, 2> ready;
    ASSERT_EQ(pipe(ready.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
      Journal journal(kinds(), directory_);
      for (const auto& one : what) {
        if (!journal.record({"note", {{"what", one}}, 0})) _exit(1);
      }
      [[maybe_unused]] const auto told = write(ready[1], "x", 1);
      pause();
    }
    char letter = 0;
    EXPECT_EQ(read(ready[0], &letter, 1), 1);
    EXPECT_TRUE(undo_dead(kinds(), false, directory_)->empty());  // it lives
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
  }

  fs::path directory_;
  std::vector<std::string> undone_;
  bool refuse_ = false;
};

using Texts = std::vector<std::string>;

TEST_F(JournalTest, UndoesTheLatestFirstAndLeavesNoFile) {
  {
    Journal journal(kinds(), directory_);
    EXPECT_EQ(files(), 0u);
    ASSERT_TRUE(journal.record({"note", {{"what", "one"}}, 0}).has_value());
    ASSERT_TRUE(journal.record({"note", {{"what", "two"}}, 0}).has_value());
    EXPECT_EQ(files(), 1u);
    EXPECT_TRUE(undone_.empty());
  }
  EXPECT_EQ(undone_, (Texts{"two", "one"}));
  EXPECT_EQ(files(), 0u);
}

// What is the whole host's is undone from whichever namespace.
TEST_F(JournalTest, TheWholeHostsIsOfNoNamespace) {
  {
    Journal journal(kinds(), directory_);
    ASSERT_TRUE(journal.record({"note", {{"what", "host"}}, 7}, Journal::Where::kHost).has_value());
    std::ifstream file(fs::directory_iterator(directory_)->path());
    std::string line;
    std::getline(file, line);
    EXPECT_EQ(line, "note 0 what=host");
  }
  EXPECT_EQ(undone_, Texts{"host"});
  fs::create_directory(directory_);
  std::ofstream(directory_ / "4194305.0.journal") << "note 0 what=left\nnote 9 what=elsewhere\n";
  const auto changes = undo_dead(kinds(), false, directory_);
  ASSERT_TRUE(changes.has_value());
  ASSERT_EQ(changes->size(), 2u);
  EXPECT_EQ((*changes)[0].outcome, Leftover::kVanished);
  EXPECT_EQ((*changes)[1].outcome, Leftover::kUndone);
  EXPECT_EQ(undone_, (Texts{"host", "left"}));
}

TEST_F(JournalTest, EntryIsWrittenBeforeRecordReturns) {
  Journal journal(kinds(), directory_);
  ASSERT_TRUE(journal.record({"note", {{"what", "a b=c%\n"}}, 0}).has_value());
  std::ifstream file(fs::directory_iterator(directory_)->path());
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_TRUE(line.starts_with("note "));
  EXPECT_TRUE(line.ends_with(" what=a%20b%3dc%25%0a")) << line;
}

TEST_F(JournalTest, DeadProcessIsCleanedUpAfter) {
  const std::string odd("a b=c%\n\t\xff", 9);
  die_with({"one", odd});
  const auto planned = undo_dead(kinds(), true, directory_);
  ASSERT_EQ(planned->size(), 2u);
  EXPECT_EQ(planned->front().outcome, Leftover::kWouldUndo);
  EXPECT_TRUE(undone_.empty());
  EXPECT_EQ(files(), 1u);
  const auto done = undo_dead(kinds(), false, directory_);
  ASSERT_EQ(done->size(), 2u);
  EXPECT_EQ(done->front().outcome, Leftover::kUndone);
  EXPECT_GT(done->front().owner, 0);
  EXPECT_EQ(undone_, (Texts{odd, "one"}));
  EXPECT_EQ(files(), 0u);
  EXPECT_TRUE(undo_dead(kinds(), false, directory_)->empty());
}

TEST_F(JournalTest, WhatCannotBeUndoneStaysWritten) {
  die_with({"one"});
  refuse_ = true;
  const auto refused = undo_dead(kinds(), false, directory_);
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->front().outcome, Leftover::kFailed);
  EXPECT_EQ(refused->front().reason, "not today");
  EXPECT_EQ(undo_dead({}, false, directory_)->front().outcome, Leftover::kUnknownKind);
  refuse_ = false;
  EXPECT_EQ(undo_dead(kinds(), false, directory_)->front().outcome, Leftover::kUndone);
  EXPECT_EQ(undone_, Texts{"one"});
}

// A line without its end was being written when its writer died, before the change.
TEST_F(JournalTest, CutLineAndStrangeFilesAreHarmless) {
  die_with({"one"});
  const fs::path file = fs::directory_iterator(directory_)->path();
  std::ofstream(file, std::ios::app) << "note 1 what=tw";
  std::ofstream(directory_ / "1.0.journal") << "\n \nnote\nnote x\nnote 1 what\nnote 1 what=%g0\n";
  std::ofstream(directory_ / "README") << "note 1 what=three\n";
  const auto done = undo_dead(kinds(), false, directory_);
  EXPECT_EQ(done->size(), 1u);
  EXPECT_EQ(undone_, Texts{"one"});
  EXPECT_EQ(files(), 1u);
}

TEST(JournalText, IsReadBackAndShownWithoutControlCharacters) {
  const JournalEntry entry{.kind = "note", .fields = {{"what", "a b=%\x1b\n"}}, .netns = 7};
  const std::string line = journal_line(entry);
  EXPECT_EQ(line, "note 7 what=a%20b%3d%25%1b%0a\n");
  const auto back = parse_journal(line + "note 8 what\nnote x\n" + line + line.substr(0, 9));
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[1].kind, "note");
  EXPECT_EQ(back[1].netns, 7u);
  EXPECT_EQ(back[1].fields, entry.fields);
  EXPECT_EQ(describe(entry), "note what=a b=%??");
}

TEST_F(JournalTest, OtherNamespacesAreLeftAloneWhileTheyLive) {
  if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
  {
    VethPair veth({.separate_hosts = true});
    veth.at_far_host([&] { die_with({"one"}); });
    // Nobody lives at the far host, so it counts as gone only once we do not hold it either; a
    // process in it makes it alive.
    std::array<int, 2> hold;
    ASSERT_EQ(pipe(hold.data()), 0);
    pid_t child = 0;
    veth.at_far_host([&] {
      child = fork();
      if (child == 0) {
        close(hold[1]);
        char letter;
        _exit(static_cast<int>(read(hold[0], &letter, 1)));
      }
    });
    const auto left = undo_dead(kinds(), false, directory_);
    ASSERT_EQ(left->size(), 1u);
    EXPECT_EQ(left->front().outcome, Leftover::kElsewhere);
    close(hold[1]);
    close(hold[0]);
    waitpid(child, nullptr, 0);
  }
  const auto gone = undo_dead(kinds(), false, directory_);
  ASSERT_EQ(gone->size(), 1u);
  EXPECT_EQ(gone->front().outcome, Leftover::kVanished);
  EXPECT_TRUE(undone_.empty());
  EXPECT_EQ(files(), 0u);
}

TEST_F(JournalTest, NowhereToWriteIsRefusedBeforeTheChange) {
  for (const char* nowhere : {"/proc/wireproof", ""}) {
    Journal journal(kinds(), nowhere);
    const Status recorded = journal.record({"note", {{"what", "one"}}, 0});
    ASSERT_FALSE(recorded.has_value()) << nowhere;
    EXPECT_EQ(recorded.error().kind, ErrorKind::kPrecondition);
    EXPECT_FALSE(recorded.error().hint.empty());
  }
  EXPECT_TRUE(undone_.empty());
  EXPECT_TRUE(undo_dead(kinds(), false, directory_ / "absent")->empty());
}

}  // namespace
}  // namespace wireproof
