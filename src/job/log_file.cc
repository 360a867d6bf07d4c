#include "job/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace wireproof {
namespace {

tl::unexpected<Error> failure(const std::string& path, int error) {
  const char* hint = "name another file";
  if (error == EINTR) {
    return fail(ErrorKind::kInterrupted, fmt::format("interrupted while opening the log {}", path));
  }
  if (error == EACCES || error == EROFS || error == EPERM) hint = "name a file you may write";
  if (error == ENOSPC || error == EDQUOT) hint = "free some space or name another file";
  return fail(ErrorKind::kOutput,
              fmt::format("the log {} cannot be written: {}", path, std::strerror(error)), hint,
              error);
}

// Is there, and is neither a regular file nor a folder.
bool is_device(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

// The file behind links, which need not be there yet. A rename over a link would replace it.
std::string behind_links(std::filesystem::path path) {
  constexpr int kLinksMost = 40;  // the kernel's own patience
  std::error_code error;
  for (int i = 0; i < kLinksMost && std::filesystem::is_symlink(path, error); ++i) {
    const std::filesystem::path target = std::filesystem::read_symlink(path, error);
    if (error) break;
    path = path.parent_path() / target;  // which is the target alone where that is absolute
  }
  return path.string();
}

}  // namespace

Result<LogFile> LogFile::open(const std::string& path) {
  LogFile log(path);
  if (!is_device(path)) {
    log.target_ = behind_links(path);
    if (Status ok = check_writable(log.target_); !ok) return tl::unexpected(ok.error());
    return log;
  }
  UniqueFd descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!descriptor) return failure(path, errno);
  if (Status ok = log.use(std::move(descriptor)); !ok) return tl::unexpected(ok.error());
  return log;
}

Status LogFile::use(UniqueFd descriptor) {
  file_.reset(fdopen(descriptor.get(), "w"));
  if (!file_) return failure(path_, errno);
  static_cast<void>(descriptor.release());
  return {};
}

Status LogFile::begin() {
  if (target_.empty()) return {};
  Result<WholeFile> made = WholeFile::create(target_);
  if (!made) return tl::unexpected(made.error());
  whole_.emplace(std::move(*made));
  UniqueFd descriptor(fcntl(whole_->fd(), F_DUPFD_CLOEXEC, 0));
  if (!descriptor) return failure(path_, errno);
  return use(std::move(descriptor));
}

Status LogFile::commit() {
  if (std::fflush(file_.get()) != 0) return failure(path_, errno);
  return whole_ ? whole_->commit() : Status();
}

}  // namespace wireproof
