// Who resets the device of a reset test: a command of the user's, or the user.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "job/child_process.h"
#include "job/events.h"
#include "suite/suite_run.h"

namespace wireproof {

// Runs the command for /bin/sh while the trial runs. One thread.
class ResetCommand final : public Resetter {
 public:
  // `lead`: from the call of begin() to the counted traffic, about.
  ResetCommand(std::string command, Nanoseconds lead, const std::atomic<bool>& cancelled)
      : command_(std::move(command)), lead_(lead), cancelled_(cancelled) {}

  // Fails with kPrecondition: it cannot be run.
  [[nodiscard]] Status begin(Nanoseconds after) override;
  // Waits for it a little; where the job is cancelled it is ended. Fails with kPrecondition: it
  // failed, or has not ended.
  [[nodiscard]] Status end() override;

 private:
  std::string command_;
  Nanoseconds lead_;
  const std::atomic<bool>& cancelled_;
  std::optional<ChildProcess> child_;
};

// Tells the user when. One thread.
class ResetByOperator final : public Resetter {
 public:
  ResetByOperator(JobEvents& events, Nanoseconds lead, Nanoseconds duration)
      : events_(events), lead_(lead), duration_(duration) {}
  [[nodiscard]] Status begin(Nanoseconds after) override;
  [[nodiscard]] Status end() override { return {}; }

 private:
  JobEvents& events_;
  Nanoseconds lead_;
  Nanoseconds duration_;  // of the trial
};

}  // namespace wireproof
