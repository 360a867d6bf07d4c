#include "tools/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace wireproof {
namespace {

tl::unexpected<Error> failure(const std::string& path, int error) {
  const char* hint = "name another file";
  if (error == ENOENT) hint = "create the folder first";
  if (error == EISDIR) hint = "name a file in it";
  if (error == EACCES || error == EROFS || error == EPERM) hint = "name a file you may write";
  return fail(ErrorKind::kOutput,
              fmt::format("the log {} cannot be written: {}", path, std::strerror(error)), hint,
              error);
}

}  // namespace

Result<LogFile> LogFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return failure(path, errno);
  std::FILE* file = fdopen(descriptor, "w");
  if (file == nullptr) {
    const int error = errno;
    close(descriptor);
    return failure(path, error);
  }
  return LogFile(file, path);
}

Status LogFile::empty() {
  // A pipe or a terminal cannot be truncated, and need not be.
  if (ftruncate(fileno(file_.get()), 0) != 0 && errno != EINVAL) return failure(path_, errno);
  return {};
}

}  // namespace wireproof
