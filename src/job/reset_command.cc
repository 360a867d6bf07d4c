#include "job/reset_command.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include "base/units.h"

namespace wireproof {

Status ResetCommand::begin(Nanoseconds after) {
  Result<ChildProcess> child =
      ChildProcess::start(fmt::format("sleep {:.3f}; {}", seconds(lead_ + after), command_), "");
  if (!child) return tl::unexpected(child.error());
  child_.emplace(std::move(*child));
  return {};
}

Status ResetCommand::end() {
  constexpr int kStepMs = 100;
  constexpr int kSteps = 50;
  std::optional<int> status;
  for (int i = 0; i < kSteps && !(status = child_->ended()); ++i) {
    if (child_->read_some(kStepMs).empty()) {
      // A command that has closed its output is about to end.
      MonotonicClock clock;
      clock.sleep_until(clock.now() + kMillisecond);
    }
  }
  child_.reset();
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
  events_.warning(fmt::format("reset the device {} from now, once: the trial lasts {}",
                              format_duration(after), format_duration(duration_)));
  return {};
}

}  // namespace wireproof
