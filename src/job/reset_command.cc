#include "job/reset_command.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include "base/units.h"

namespace wireproof {

Status ResetCommand::begin(Nanoseconds after) {
  Result<ChildProcess> child = ChildProcess::start(
      fmt::format("exec >&2; sleep {:.3f}; {}", seconds(lead_ + after), command_), "");
  if (!child) return tl::unexpected(child.error());
  child_.emplace(std::move(*child));
  return {};
}

Status ResetCommand::end() {
  constexpr Nanoseconds kPatience = 5 * kSecond;
  constexpr Nanoseconds kStep = 5 * kMillisecond;
  const MonotonicClock clock;
  const Nanoseconds given_up_at = clock.now() + kPatience;
  std::optional<int> status;
  while (!cancelled_ && !(status = child_->ended()) && clock.now() < given_up_at)
    clock.sleep_until(clock.now() + kStep);
  child_.reset();
  if (cancelled_) return {};
  const auto failed = [this](const std::string& how) {
    return fail(ErrorKind::kPrecondition, fmt::format("--reset-command '{}' {}", command_, how),
                "it is run once a repetition, and is to end while the trial runs");
  };
  if (!status) return failed("has not ended with the trial");
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return {};
  return failed(WIFEXITED(*status) ? fmt::format("failed with status {}", WEXITSTATUS(*status))
                                   : fmt::format("died of signal {}", WTERMSIG(*status)));
}

Status ResetByOperator::begin(Nanoseconds after) {
  events_.ready(fmt::format("reset the device {:.1f} s from now, once; the trial lasts {:.1f} s",
                            seconds(lead_ + after), seconds(duration_)));
  return {};
}

}  // namespace wireproof
