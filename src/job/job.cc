#include "job/job.h"

#include <fmt/format.h>

#include <array>

#include "base/thread_scope.h"
#include "base/unforeseen.h"
#include "base/units.h"
#include "job/host_facts.h"
#include "job/kinds.h"
#include "job/leftovers.h"
#include "job/ptp_state.h"
#include "report/presentable.h"
#include "settings/reading.h"

namespace wireproof {
namespace {

constexpr std::array kJobs{&kTrialJob, &kSearchJob, &kRfc2544Job, &kCalibrateJob, &kDutJob};

// The flag of a disturbed run, and why it is no more than that.
void note_steps(RunReport& report) {
  const ClockState& clock = report.here().clock;
  if (clock.wall_clock_steps == 0) return;
  const std::string times =
      clock.wall_clock_steps == 1 ? "" : fmt::format(" {} times,", clock.wall_clock_steps);
  report.notes.push_back(
      fmt::format("the wall clock was stepped{} by {} in total during the run; counts, delays and "
                  "durations are not affected",
                  times, format_duration(clock.wall_clock_step_total_ns)));
}

void set_error(const Error& error, const JobContext& context, RunReport& report) {
  report.error = presentable(error);
  // What was given up because somebody wanted it ended is not the host's fault.
  if (error.kind == ErrorKind::kPrecondition && context.cancelled.load()) {
    report.error->kind = ErrorKind::kInterrupted;
    report.error->message = "interrupted: " + report.error->message;
  }
  report.status =
      report.error->kind == ErrorKind::kInterrupted ? RunStatus::kAborted : RunStatus::kError;
}

Status no_job(Verb verb) {
  return fail(ErrorKind::kUsage, fmt::format("{} is not a job", word_of(kVerbWords, verb)));
}

JobContext with_cores(const JobContext& context) {
  JobContext placed = context;
  if (placed.cores.empty()) placed.cores = allowed_cpus();
  return placed;
}

Status run_begun(const Settings& settings, const JobContext& context, RunReport& report) {
  const JobKind* const kind = job_kind(settings.verb);
  if (kind == nullptr) return no_job(settings.verb);
  try {
    undo_leftovers(report);
    const JobContext placed = with_cores(context);
    const Result<ScopedCpus> within = ScopedCpus::make(placed.cores);
    if (!within) return tl::unexpected(within.error());
    return kind->run(settings, placed, report);
  } catch (const std::exception&) {
    return tl::unexpected(unforeseen_error());
  }
}

}  // namespace

const JobKind* job_kind(Verb verb) {
  for (const JobKind* kind : kJobs) {
    if (kind->verb == verb) return kind;
  }
  return nullptr;
}

RunReport begin_report(Verb verb, const JobContext& context) {
  const JobKind* const kind = job_kind(verb);
  RunReport report;
  if (kind != nullptr) report.kind = kind->report;
  report.tool = context.origin.tool;
  report.started_at_unix_ns = context.origin.started_at_unix_ns;
  report.here() = host_facts(context.clock);
  report.command = context.origin.command;
  return report;
}

RunReport begin_job(const Settings& settings, const JobContext& context) {
  RunReport report = begin_report(settings.verb, context);
  report.settings = job_config(settings);
  if (const JobKind* kind = job_kind(settings.verb)) report.config = kind->describe(settings);
  return report;
}

void end_job(const Status& ended, const JobContext& context, RunReport& report) {
  if (!ended) set_error(ended.error(), context, report);
  context.clock.maintain();
  report.duration = context.clock.now() - context.origin.started_at;
  report.here().clock = context.clock.describe();
  note_steps(report);
  const bool measured = !report.trials.empty() || !report.searches.empty() || report.dut;
  // Who cancels does not wait for another program.
  const bool cancelled = context.cancelled;
  if (measured) report.here().ptp = read_ptp_state(cancelled ? 200 * kMillisecond : kSecond);
  std::optional<PtpFacts>& ptp = report.here().ptp;
  // Nor is it said to be silent for that.
  if (cancelled && ptp && ptp->port_state.empty()) ptp.reset();
}

RunReport run_job(const Settings& settings, const JobContext& context) {
  RunReport report;
  try {
    report = begin_job(settings, context);
    const Status ended = run_begun(settings, context, report);
    end_job(ended, context, report);
  } catch (const std::exception&) {
    report.status = RunStatus::kError;
    report.error = unforeseen_error();
  }
  return report;
}

Result<std::string> plan_job(const Settings& settings, const JobContext& context) {
  const JobKind* const kind = job_kind(settings.verb);
  if (kind == nullptr) return tl::unexpected(no_job(settings.verb).error());
  return kind->plan(settings, with_cores(context));
}

}  // namespace wireproof
