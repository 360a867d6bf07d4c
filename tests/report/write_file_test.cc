#include "report/write_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/unique_fd.h"

namespace wireproof {
namespace {

namespace fs = std::filesystem;

class WriteResult : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "wireproof-test-XXXXXX";
    const std::string pattern = (fs::temp_directory_path() / name).string();
    std::string path = pattern;
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }
  [[nodiscard]] static std::string content(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(WriteResult, CreatesAndReplacesARegularFile) {
  ASSERT_TRUE(write_result(path("r.json"), "one\n"));
  EXPECT_EQ(content(path("r.json")), "one\n");
  ASSERT_TRUE(write_result(path("r.json"), std::string(1 << 20, 'x')));
  EXPECT_EQ(fs::file_size(path("r.json")), 1u << 20);
  EXPECT_EQ(files(), 1u);
}

TEST_F(WriteResult, RemovesWhatKilledRunsLeftAndNothingElse) {
  std::ofstream(path(".wireproof.7.0.tmp")) << "half a resu";
  std::ofstream(path(".wireproof.notes.tmp")) << "a name of somebody else's";
  Result<WholeFile> living = WholeFile::create(path("other.json"));
  ASSERT_TRUE(living);
  EXPECT_EQ(files(), 2u);  // it removes the orphan at once
  ASSERT_TRUE(write_result(path("r.json"), "one\n"));
  EXPECT_EQ(files(), 3u);  // and the living one's is still there
  ASSERT_TRUE(write_all(living->fd(), "two\n", "other.json"));
  ASSERT_TRUE(living->commit());
  EXPECT_EQ(content(path("other.json")), "two\n");
  EXPECT_EQ(content(path(".wireproof.notes.tmp")), "a name of somebody else's");
  EXPECT_EQ(files(), 3u);
}

TEST_F(WriteResult, OthersMayReadIt) {
  const mode_t before = umask(022);
  const Status written = write_result(path("r.json"), "x");
  umask(before);
  ASSERT_TRUE(written);
  struct stat status {};
  ASSERT_EQ(stat(path("r.json").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0644u);
}

TEST_F(WriteResult, WritesBesideARelativeName) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  const Status written = write_result("r.json", "x");
  fs::current_path(before);
  ASSERT_TRUE(written);
  EXPECT_EQ(content(path("r.json")), "x");
}

void expect_refused(const std::string& path, int errno_value) {
  for (const Status& status : {check_writable(path), write_result(path, "x")}) {
    ASSERT_FALSE(status) << path;
    EXPECT_EQ(status.error().kind, ErrorKind::kOutput);
    EXPECT_EQ(status.error().errno_value, errno_value) << status.error().message;
  }
}

TEST_F(WriteResult, RefusesWhatIsNoRegularFile) {
  expect_refused(folder_.string(), EISDIR);
  expect_refused(path("new/"), EISDIR);
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  expect_refused(path("pipe"), EEXIST);
  fs::create_directory_symlink(folder_, path("link-to-folder"));
  expect_refused(path("link-to-folder"), EISDIR);
  std::ofstream(path("target")) << "old";
  fs::create_symlink(path("target"), path("link"));
  expect_refused(path("link"), EEXIST);
  EXPECT_EQ(content(path("target")), "old");
  expect_refused("/dev/null", EEXIST);
  expect_refused("", 0);
}

TEST_F(WriteResult, NamesWhatIsMissing) {
  const Status status = write_result(path("no/such/r.json"), "x");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().errno_value, ENOENT);
  EXPECT_NE(status.error().message.find("no/such/r.json"), std::string::npos);
  EXPECT_FALSE(status.error().hint.empty());
}

TEST_F(WriteResult, CheckingLeavesNothing) {
  EXPECT_TRUE(check_writable(path("r.json")));
  EXPECT_TRUE(check_writable("-"));
  EXPECT_EQ(files(), 0u);
}

TEST_F(WriteResult, AFullDiskLeavesTheOldFile) {
  std::ofstream(path("r.json")) << "old";
  const pid_t child = fork();  // RLIMIT_FSIZE stands for the disk: write(2) then gives EFBIG
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 4096, .rlim_max = 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    const Status status = write_result(path("r.json"), std::string(100'000, 'x'));
    _exit(!status && status.error().errno_value == EFBIG ? 0 : 1);
  }
  int how = 0;
  ASSERT_EQ(waitpid(child, &how, 0), child);
  EXPECT_EQ(how, 0);
  EXPECT_EQ(content(path("r.json")), "old");
  EXPECT_EQ(files(), 1u);
}

TEST(WriteAll, AFullDeviceIsAnError) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  const Status status = write_all(full.get(), "x", "standard output");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().errno_value, ENOSPC);
  EXPECT_NE(status.error().message.find("standard output"), std::string::npos);
}

TEST(WriteAll, AReaderThatHasGoneIsAnError) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd writer(ends[1]);
  close(ends[0]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const Status status = write_all(writer.get(), "x", "standard output");
  std::signal(SIGPIPE, before);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kOutput);
  EXPECT_EQ(status.error().errno_value, EPIPE);
}

TEST(WriteAll, ANonBlockingPipeGetsEverything) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const std::string text(300'000, 'x');  // several times what a pipe holds
  std::size_t seen = 0;
  std::thread drain([&] {
    char room[4096];
    for (ssize_t n = -1; n != 0;) {
      n = read(reader.get(), room, sizeof room);
      if (n > 0) seen += static_cast<std::size_t>(n);
      if (n < 0) usleep(100);
    }
  });
  EXPECT_TRUE(write_all(writer.get(), text, "pipe"));
  writer.close();
  drain.join();
  EXPECT_EQ(seen, text.size());
}

}  // namespace
}  // namespace wireproof
