// A measurer that asks another tester: runs a command once a trial, with the load on its standard
// input and the counts on its standard output (report/trial_exchange.h).
#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"
#include "trial/measurer.h"

namespace wireproof {

struct CommandMeasurerSpec {
  std::string command;               // for /bin/sh -c
  Nanoseconds grace = 30 * kSecond;  // beyond the duration of the trial, then it is killed
};

// One thread. The command gets a process group of its own, so that all of it is killed (SIGTERM,
// half a second later SIGKILL) when it takes too long or the user interrupts; its standard error is
// ours. The command itself has ended when measure returns.
class CommandMeasurer final : public Measurer {
 public:
  // `interrupted` may be set by a signal handler; both outlive the measurer.
  CommandMeasurer(CommandMeasurerSpec spec, const Clock& clock,
                  const std::atomic<bool>& interrupted)
      : spec_(std::move(spec)), clock_(clock), interrupted_(interrupted) {}

  // Fails with kPeer (the command failed, took too long, or answered nonsense), kPrecondition (it
  // cannot be run), kUsage (max_rate: another tester's own maximum is not known), kInterrupted.
  [[nodiscard]] Result<TrialResult> measure(const TrialSpec& spec) override;

 private:
  [[nodiscard]] Result<std::string> run(const TrialSpec& spec) const;

  CommandMeasurerSpec spec_;
  const Clock& clock_;
  const std::atomic<bool>& interrupted_;
};

}  // namespace wireproof
