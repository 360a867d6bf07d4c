// A run of many trials that can be stopped and go on: each trial is written to a file as it ends,
// and those of an earlier part of the run are answered from there, in the time that they took.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "report/trial_log.h"
#include "settings/settings.h"
#include "suite/suite_run.h"
#include "trial/measurer.h"

namespace wireproof {

// One thread. Without a log it only passes on. Either way the valid trials are without the logs of
// their pre-emptions; counts and lengths stay.
class LoggedMeasurer final : public Measurer {
 public:
  // What it refers to outlives it; so does what is measured by. report.settings are those of the
  // run; notes of the report say what was taken from the log. Fails with kUsage (a new log is there
  // already), kPrecondition (the log is of another run, damaged, or in use) and kOutput.
  [[nodiscard]] static Result<std::unique_ptr<LoggedMeasurer>> open(const TrialLogSettings& log,
                                                                    Verb verb, const Clock& clock,
                                                                    RunReport& report);

  // Measures what is not in the log, from now on; outlives that.
  void use(Measurer& inner) { inner_ = &inner; }
  // Fails as the inner one does; with kPrecondition where the log has another trial in this place,
  // and with kOutput where a trial cannot be written: it is then measured, and lost.
  [[nodiscard]] Result<TrialResult> measure(const TrialSpec& spec) override;

  // The next trial is answered from the log.
  [[nodiscard]] bool from_log() const { return next_ < logged_.size(); }
  // Of the whole run: it stands still between its parts.
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  class WholeTime final : public Clock {
   public:
    explicit WholeTime(const Clock& clock) : clock_(clock) {}
    [[nodiscard]] Nanoseconds now() const override { return clock_.now() + before_; }
    void sleep_until(Nanoseconds deadline) const override {
      clock_.sleep_until(deadline - before_);
    }
    void maintain() const override { clock_.maintain(); }
    void add(Nanoseconds took) { before_ += took; }

   private:
    const Clock& clock_;
    Nanoseconds before_ = 0;  // of what was taken from the log
  };

  LoggedMeasurer(const Clock& clock, const RunReport& report) : clock_(clock), report_(report) {}
  [[nodiscard]] Status begin(const std::string& path, const TrialLogHead& head);
  [[nodiscard]] Status go_on(const std::string& path, const TrialLogHead& head, RunReport& report);

  WholeTime clock_;
  const RunReport& report_;
  Measurer* inner_ = nullptr;
  std::string path_;  // empty: no log
  UniqueFd file_;
  std::vector<LoggedTrial> logged_;
  std::size_t next_ = 0;
};

// Resets nothing while trials are answered from the log.
class ResetUnlessLogged final : public Resetter {
 public:
  // Both outlive it.
  ResetUnlessLogged(Resetter& inner, const LoggedMeasurer& log) : inner_(inner), log_(log) {}
  [[nodiscard]] Status begin(Nanoseconds after) override {
    skipped_ = log_.from_log();
    return skipped_ ? Status{} : inner_.begin(after);
  }
  [[nodiscard]] Status end() override { return skipped_ ? Status{} : inner_.end(); }

 private:
  Resetter& inner_;
  const LoggedMeasurer& log_;
  bool skipped_ = false;
};

}  // namespace wireproof
