#include "report/write_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace wireproof {

namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

tl::unexpected<Error> cannot(std::string_view what, std::string_view name, int error) {
  const char* hint = "";
  if (error == EFBIG) hint = "raise ulimit -f";
  if (error == ENOSPC || error == EDQUOT) hint = "free some space or name another folder";
  if (error == ENAMETOOLONG) hint = "give it a shorter name";
  struct stat folder {};
  const bool missing = error == ENOENT && stat(folder_of(std::string(name)).c_str(), &folder) != 0;
  if (missing) hint = "create the folder first";
  if (error == EACCES || error == EROFS || error == EPERM || (error == ENOENT && !missing)) {
    hint = "name a folder you may write to";
  }
  return fail(ErrorKind::kOutput,
              fmt::format("cannot {} '{}': {}", what, name, std::strerror(error)), hint, error);
}

// A rename over these would fail late, or put a file where a device or a link was: as root,
// "--json=/dev/stdout" would replace the link in /dev.
Status check_target(const std::string& path) {
  if (path.empty()) return fail(ErrorKind::kOutput, "the name of the result file is empty");
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 && errno == ENAMETOOLONG) {
    return cannot("write", path, errno);
  }
  if (path.back() == '/' || (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)))
    return fail(ErrorKind::kOutput, fmt::format("cannot write '{}': it is a directory", path),
                "name a file in it", EISDIR);
  if (lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    return fail(ErrorKind::kOutput,
                fmt::format("cannot write '{}': it is there and is not a regular file", path),
                "name another file, or '-' for standard output", EEXIST);
  return {};
}

constexpr std::string_view kPrefix = ".wireproof.";
constexpr std::string_view kSuffix = ".tmp";

// What killed runs left here: a living one holds the lock of its file, and the kernel drops it at
// its death.
void remove_orphans(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string_view numbers = std::string_view(name).substr(
        kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    if (numbers.find_first_not_of("0123456789.") != std::string_view::npos) continue;
    const UniqueFd file(open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file && flock(file.get(), LOCK_EX | LOCK_NB) == 0) unlink(entry.path().c_str());
  }
}

// Locked, and not taken for an orphan in the moment before. Where a file system has no locks
// nothing is taken for one.
bool is_held(const UniqueFd& file) {
  struct stat status {};
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  return fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

}  // namespace

Status write_all(int fd, std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // standard output may be somebody's non-blocking pipe
      pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return cannot("write to", name, errno);
    }
  }
  return {};
}

WholeFile::WholeFile(UniqueFd fd, std::string temporary, std::string path)
    : fd_(std::move(fd)), temporary_(std::move(temporary)), path_(std::move(path)) {}

WholeFile::WholeFile(WholeFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      temporary_(std::exchange(other.temporary_, {})),
      path_(std::move(other.path_)) {}

WholeFile::~WholeFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<WholeFile> WholeFile::create(const std::string& path) {
  if (Status target = check_target(path); !target) return tl::unexpected(target.error());
  const std::string folder = folder_of(path);
  remove_orphans(folder);
  constexpr int kAttempts = 100;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::string name =
        fmt::format("{}/{}{}.{}{}", folder, kPrefix, getpid(), attempt, kSuffix);
    UniqueFd fd(open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd && errno != EEXIST) return cannot("write", path, errno);
    if (fd && is_held(fd)) return WholeFile(std::move(fd), name, path);
  }
  return cannot("write", path, EEXIST);
}

Status WholeFile::commit() {
  if (fsync(fd_.get()) != 0) return cannot("write", path_, errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return cannot("write", path_, errno);
  temporary_.clear();
  // Not every file system can sync a folder (EINVAL); the file itself is safe by then.
  const UniqueFd folder(open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && fsync(folder.get()) != 0 && errno != EINVAL)
    return cannot("sync the folder of", path_, errno);
  return {};
}

Status write_result(const std::string& path, std::string_view text) {
  if (path == "-") return write_all(STDOUT_FILENO, text, "standard output");
  Result<WholeFile> file = WholeFile::create(path);
  if (!file) return tl::unexpected(file.error());
  if (Status written = write_all(file->fd(), text, path); !written) return written;
  return file->commit();
}

Status check_writable(const std::string& path) {
  if (path == "-") return {};
  const Result<WholeFile> file = WholeFile::create(path);
  if (!file) return tl::unexpected(file.error());
  return {};
}

}  // namespace wireproof
