#include "base/open_files.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>

namespace wireproof {

std::uint64_t files_left() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  std::error_code error;
  std::uint64_t open = 0;
  for (const auto& one : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    static_cast<void>(one);
    ++open;
  }
  if (error) return error.value() == EMFILE ? 0 : limit.rlim_cur;
  --open;  // the folder itself
  return limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, open);
}

Status check_files(std::uint64_t wanted, std::string_view what) {
  const std::uint64_t left = files_left();
  if (left >= wanted) return {};
  return fail(
      ErrorKind::kPrecondition,
      fmt::format("too many open files: {} takes up to {}, and this process may open {} more", what,
                  wanted, left),
      "raise the limit on open files: ulimit -n", EMFILE);
}

}  // namespace wireproof
