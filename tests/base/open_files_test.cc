#include "base/open_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cerrno>
#include <vector>

#include "base/unique_fd.h"
#include "support/child.h"

namespace wireproof {
namespace {

TEST(OpenFiles, CountsThoseThatAreLeftAndRefusesMore) {
  const bool counted = in_child([] {
                         const rlimit limit{.rlim_cur = 64, .rlim_max = 64};
                         if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
                         const std::uint64_t left = files_left();
                         if (left == 0 || left > 61 || !check_files(left, "it")) return false;
                         std::vector<UniqueFd> opened;
                         for (std::uint64_t i = 0; i < left; ++i) {
                           opened.emplace_back(open("/dev/null", O_RDONLY));
                           if (!opened.back()) return false;
                         }
                         if (files_left() != 0) return false;  // not even the folder can be read
                         const Status refused = check_files(1, "it");
                         return !refused && refused.error().errno_value == EMFILE &&
                                refused.error().kind == ErrorKind::kPrecondition;
                       }) == 0;
  EXPECT_TRUE(counted);
}

}  // namespace
}  // namespace wireproof
