// One way to run a job: settings and a context in, a report out. A job prints nothing, has no exit
// code and leaves the process as it was, so that several run in one: after each other on one
// thread, or on threads of their own, on cores and ports that they do not share.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/host_clock.h"
#include "io/backend_set.h"
#include "job/events.h"
#include "report/document.h"
#include "settings/settings.h"

namespace wireproof {

// Who asked for it, and when: for the document.
struct JobOrigin {
  ToolFacts tool;
  std::vector<std::string> command;     // argv, where there was one
  std::int64_t started_at_unix_ns = 0;  // CLOCK_REALTIME
  Nanoseconds started_at = 0;           // on the job's clock
};

// What a job runs with; all that is referred to outlives it.
struct JobContext {
  const BackendSet& backends;
  const HostClock& clock;              // of this job alone, whose thread looks after it
  const std::atomic<bool>& cancelled;  // set, for good, by any thread: it ends within 100 ms
  JobEvents& events;
  // It runs there, its thread too, but for a core that dut is given. Empty: wherever this process
  // may, once what killed runs left is undone, which may keep cores from it.
  CpuList cores;
  std::string calibration_file;  // empty: none is kept, and none is known
  JobOrigin origin;
};

// Runs the job of the verb (trial, search, rfc2544, calibrate, dut) on the calling thread. What was
// complete when it failed or was cancelled is in the report, which then says so: also of what
// nothing below foresaw, the end of memory or of threads.
[[nodiscard]] RunReport run_job(const Settings& settings, const JobContext& context);

// What run_job() would do, as text for people. Opens nothing, changes nothing, sends nothing.
[[nodiscard]] Result<std::string> plan_job(const Settings& settings, const JobContext& context);

// The report of a job that is not run after all. begin_job(): tool, host, command, and what is
// asked for; begin_report(): where that could not be read. end_job() closes it, with `error` where
// there is one.
[[nodiscard]] RunReport begin_job(const Settings& settings, const JobContext& context);
[[nodiscard]] RunReport begin_report(Verb verb, const JobContext& context);
void end_job(const Status& ended, const JobContext& context, RunReport& report);

}  // namespace wireproof
