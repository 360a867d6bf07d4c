// A shell command as a child that cannot outlive its handle.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wireproof {

class ChildProcess {
 public:
  // `/bin/sh -c command` in a process group of its own, with `input` (at most kInputMax bytes) as
  // its whole standard input, its standard output to be read here, the standard error ours, and
  // the default answer to SIGPIPE, SIGINT and SIGTERM.
  [[nodiscard]] static Result<ChildProcess> start(const std::string& command,
                                                  std::string_view input);
  static constexpr std::size_t kInputMax = 4096;  // a pipe holds that much without a reader

  ChildProcess(ChildProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), output_(std::move(other.output_)) {}
  ChildProcess& operator=(ChildProcess&&) = delete;
  // Ends the whole group: SIGTERM, after half a second SIGKILL.
  ~ChildProcess();

  // What it has written since, waiting for it up to timeout_ms. Empty does not mean the end.
  [[nodiscard]] std::string read_some(int timeout_ms);
  // Its status as waitpid(2) gives it, once it has ended.
  [[nodiscard]] std::optional<int> ended();

 private:
  ChildProcess(pid_t pid, UniqueFd output) : pid_(pid), output_(std::move(output)) {}

  pid_t pid_;  // 0: reaped
  UniqueFd output_;
};

}  // namespace wireproof
