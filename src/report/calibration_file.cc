#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/unique_fd.h"
#include "report/calibration.h"
#include "report/write_file.h"

namespace wireproof {

namespace {

constexpr std::size_t kLongestFile = 16u << 20;

tl::unexpected<Error> unreadable(const std::string& path, const std::string& why) {
  return fail(ErrorKind::kPrecondition,
              fmt::format("the calibration in {} is ignored: {}", path, why),
              "run wireproof calibrate again");
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

// Every folder on the way that is missing; 0700, as the XDG specification asks.
Status make_folders(const std::string& folder) {
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    const std::string part = folder.substr(0, end);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return fail(ErrorKind::kOutput,
                  fmt::format("cannot make the folder {}: {}", part, std::strerror(errno)),
                  "name a folder you may write to with XDG_STATE_HOME", errno);
    if (end == std::string::npos) return {};
  }
}

// Held while the file is read, changed and written: the kernel lets go of it at death.
Result<UniqueFd> lock_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  if (const Status made = make_folders(folder); !made) return tl::unexpected(made.error());
  UniqueFd lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock && flock(lock.get(), LOCK_EX) == 0) return lock;
  return fail(ErrorKind::kOutput,
              fmt::format("cannot lock the folder {}: {}", folder, std::strerror(errno)), {},
              errno);
}

}  // namespace

std::string calibration_path(const char* xdg_state_home, const char* home) {
  constexpr const char* kFile = "/wireproof/calibration.json";
  if (xdg_state_home != nullptr && xdg_state_home[0] == '/')
    return std::string(xdg_state_home) + kFile;
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.local/state" + kFile;
  return {};
}

Result<Calibrations> load_calibrations(const std::string& path) {
  // Not blocking: a pipe of that name must not hang a trial.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return Calibrations{};
  if (!file) return unreadable(path, std::strerror(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return unreadable(path, "it is not a regular file");
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > kLongestFile)
    return unreadable(path, "it is longer than 16 MiB");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t got = 0;
  while (got < text.size()) {
    const ssize_t some = read(file.get(), text.data() + got, text.size() - got);
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) return unreadable(path, std::strerror(errno));
    if (some == 0) break;
    got += static_cast<std::size_t>(some);
  }
  text.resize(got);
  Result<Calibrations> known = parse_calibrations(text);
  if (!known) return unreadable(path, known.error().message);
  return known;
}

Result<std::string> store_calibrations(const std::string& path,
                                       std::span<const CalibrationEntry> entries) {
  const Result<UniqueFd> lock = lock_folder(path);
  if (!lock) return tl::unexpected(lock.error());
  std::string note;
  Result<Calibrations> known = load_calibrations(path);
  if (!known) {
    const std::string kept = path + ".unreadable";
    if (std::rename(path.c_str(), kept.c_str()) == 0)
      note = fmt::format("{}; it is kept as {}", known.error().message, kept);
    known = Calibrations{};
  }
  for (const CalibrationEntry& entry : entries) keep_calibration(*known, entry);
  if (const Status written = write_result(path, calibrations_to_json(*known)); !written)
    return tl::unexpected(written.error());
  return note;
}

Status check_calibration_storable(const std::string& path) {
  if (path.empty())
    return fail(ErrorKind::kOutput, "there is no folder to store the calibration in",
                "set HOME, or XDG_STATE_HOME to a folder");
  if (Status made = make_folders(folder_of(path)); !made) return made;
  return check_writable(path);
}

}  // namespace wireproof
