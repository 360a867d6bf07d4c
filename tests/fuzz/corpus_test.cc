// Gives each target its stored files, a case a target, under whatever sanitizer this build has.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/targets.h"

namespace wireproof::fuzz {

void PrintTo(const Target& target, std::ostream* out) {
  *out << target.name;
}

namespace {

std::string under_way;  // the file that a target reads

constexpr std::array kEnds = {SIGABRT, SIGSEGV, SIGFPE, SIGBUS};
std::array<struct sigaction, NSIG> before;

// A crash says which file it was, and then what it would have said without: the same comes again.
void name_file(int signal) {
  std::fputs(under_way.c_str(), stderr);
  std::fputs(": this file of the corpus ended the program\n", stderr);
  sigaction(signal, &before[static_cast<std::size_t>(signal)], nullptr);
}

void watch_ends() {
  struct sigaction naming {};
  naming.sa_handler = name_file;
  for (const int signal : kEnds) {
    sigaction(signal, &naming, &before[static_cast<std::size_t>(signal)]);
  }
}

void stop_watching() {
  for (const int signal : kEnds) {
    sigaction(signal, &before[static_cast<std::size_t>(signal)], nullptr);
  }
}

std::vector<std::filesystem::path> files_in(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::uint8_t> contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Corpus : public testing::TestWithParam<Target> {};

TEST_P(Corpus, HoldsItsProperties) {
  watch_ends();
  const auto files = files_in(GetParam().corpus);
  EXPECT_FALSE(files.empty()) << GetParam().corpus << " is empty or missing";
  for (const auto& path : files) {
    under_way = path;
    try {
      GetParam().run(contents(path));
    } catch (const std::exception& broken) {
      ADD_FAILURE() << path << ": " << broken.what();
    }
  }
  stop_watching();
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, testing::ValuesIn(targets()),
                         [](const auto& row) { return row.param.name; });

// A target whose folder is missing is one that nothing is given to.
TEST(CorpusFolder, HasATargetForEachFolder) {
  const auto all = targets();
  ASSERT_FALSE(all.empty());
  const auto root = std::filesystem::path(all.front().corpus).parent_path();
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    const std::string folder = entry.path();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(),
                            [&](const Target& target) { return target.corpus == folder; }))
        << folder << " is no target's";
  }
}

}  // namespace
}  // namespace wireproof::fuzz
