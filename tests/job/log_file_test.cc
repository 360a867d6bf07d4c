#include "job/log_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace wireproof {
namespace {

namespace fs = std::filesystem;

class LogFiles : public ::testing::Test {
 protected:
  LogFiles() {
    std::string pattern = (fs::temp_directory_path() / "wireproof-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~LogFiles() override { fs::remove_all(folder_); }

  void put(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] std::string content(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(folder_ / name).rdbuf();
    return out.str();
  }
  [[nodiscard]] LogFile begun(const std::string& name) const {
    Result<LogFile> log = LogFile::open((folder_ / name).string());
    EXPECT_TRUE(log && log->begin());
    return std::move(*log);
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(LogFiles, AppearsWhole) {
  {
    LogFile log = begun("log.csv");
    std::fputs("new\n", log.file());
    EXPECT_FALSE(fs::exists(folder_ / "log.csv"));
    ASSERT_TRUE(log.commit());
  }
  EXPECT_EQ(content("log.csv"), "new\n");
  EXPECT_EQ(files(), 1u);
}

TEST_F(LogFiles, OrNotAtAll) {
  put("log.csv", "old\n");
  {
    const LogFile log = begun("log.csv");
    std::fputs("half of", log.file());
    std::fflush(log.file());
    EXPECT_EQ(content("log.csv"), "old\n");
  }
  EXPECT_EQ(content("log.csv"), "old\n");
  EXPECT_EQ(files(), 1u);
  EXPECT_TRUE(LogFile::open((folder_ / "new.csv").string()).has_value());
  EXPECT_EQ(files(), 1u);  // asked whether it can be, and nothing more
}

TEST_F(LogFiles, ALinkStaysOne) {
  put("real.csv", "old\n");
  fs::create_symlink(folder_ / "real.csv", folder_ / "link.csv");
  fs::create_symlink(folder_ / "absent.csv", folder_ / "dangling.csv");
  for (const auto& [link, target] :
       {std::pair{"link.csv", "real.csv"}, {"dangling.csv", "absent.csv"}}) {
    LogFile log = begun(link);
    std::fputs("new\n", log.file());
    ASSERT_TRUE(log.commit());
    EXPECT_TRUE(fs::is_symlink(folder_ / link));
    EXPECT_FALSE(fs::is_symlink(folder_ / target));
    EXPECT_EQ(content(target), "new\n");
  }
}

TEST_F(LogFiles, ADeviceIsWrittenAsItIs) {
  Result<LogFile> log = LogFile::open("/dev/full");
  ASSERT_TRUE(log && log->begin());
  std::fputs("new\n", log->file());
  const Status full = log->commit();
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind, ErrorKind::kOutput);
  EXPECT_EQ(full.error().errno_value, ENOSPC);
}

TEST_F(LogFiles, WhatCannotBeIsRefusedAtOnce) {
  for (const std::string& path :
       {(folder_ / "missing/log.csv").string(), folder_.string(), std::string("/proc/version")}) {
    const Result<LogFile> log = LogFile::open(path);
    ASSERT_FALSE(log.has_value()) << path;
    EXPECT_EQ(log.error().kind, ErrorKind::kOutput);
    EXPECT_NE(log.error().message.find(path), std::string::npos);
    EXPECT_FALSE(log.error().hint.empty());
  }
}

}  // namespace
}  // namespace wireproof
