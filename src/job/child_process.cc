#include "job/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/clock.h"

namespace wireproof {

namespace {

tl::unexpected<Error> cannot_run(const std::string& command, int error) {
  return fail(ErrorKind::kPrecondition,
              fmt::format("cannot run '{}': {}", command, std::strerror(error)), "", error);
}

// We ignore SIGPIPE and SIGXFSZ, and an ignored signal stays ignored across exec: `head -1` in the
// command would then leave its neighbours writing into nothing.
class SpawnSettings {
 public:
  SpawnSettings(int input, int output) {
    posix_spawnattr_init(&attributes_);
    sigset_t defaults;
    sigemptyset(&defaults);
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM}) sigaddset(&defaults, signal);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }
  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::string& command, std::string_view input) {
  assert(input.size() <= kInputMax);
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0) return cannot_run(command, errno);
  const UniqueFd in_read(in[0]);
  UniqueFd in_write(in[1]);
  if (pipe2(out.data(), O_CLOEXEC) != 0) return cannot_run(command, errno);
  UniqueFd out_read(out[0]);
  const UniqueFd out_write(out[1]);
  // Before there is a child, so that its early end cannot meet us writing.
  if (write(in_write.get(), input.data(), input.size()) < 0) return cannot_run(command, errno);
  in_write.close();
  fcntl(out_read.get(), F_SETFL, O_NONBLOCK);

  const SpawnSettings settings(in_read.get(), out_write.get());
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  const std::array<char*, 4> arguments = {shell.data(), flag.data(), text.data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/bin/sh", settings.actions(), settings.attributes(),
                                arguments.data(), environ);
  if (error != 0) return cannot_run(command, error);
  return ChildProcess(pid, std::move(out_read));
}

std::string ChildProcess::read_some(int timeout_ms) {
  pollfd readable{.fd = output_.get(), .events = POLLIN, .revents = 0};
  poll(&readable, 1, timeout_ms);
  std::array<char, 4096> room{};
  const ssize_t length = read(output_.get(), room.data(), room.size());
  if (length == 0 && readable.revents != 0) poll(nullptr, 0, timeout_ms);  // closed, not yet ended
  return {room.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

std::optional<int> ChildProcess::ended() {
  assert(pid_ > 0);
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = 0;
  return status;
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  constexpr int kPatienceMs = 500;  // of the second in which a run ends that was told to
  constexpr int kStepMs = 10;
  kill(-pid_, SIGTERM);
  for (int waited = 0; waited < kPatienceMs; waited += kStepMs) {
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid == pid_) break;
    poll(nullptr, 0, kStepMs);
  }
  // Also when the shell has gone: what it started may have outlived it. Not yet reaped, it still
  // holds the number of the group.
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace wireproof
