#include "tools/job_verb.h"

#include <sstream>

#include "tools/standard_streams.h"
#include "tools/terminal_events.h"

namespace wireproof {
namespace {

// What the job writes besides its report.
const std::string& log_of(const Settings& settings) {
  if (settings.verb == Verb::kDut) return settings.dut.log;
  if (settings.verb == Verb::kTrial) return settings.trial.frame_log;
  return settings.log.begin.empty() ? settings.log.resume : settings.log.begin;
}

RunReport closed(RunReport report, const Status& ended, const JobContext& context) {
  end_job(ended, context, report);
  return report;
}

int show_plan(const Settings& settings, const Session& session, const JobContext& context) {
  const Result<std::string> plan = plan_job(settings, context);
  RunReport report = begin_job(settings, context);
  if (!plan) {
    return finish(session, closed(std::move(report), tl::unexpected(plan.error()), context));
  }
  if (!session.output.json && !session.output.json_stream) return print(*plan);
  std::istringstream lines(*plan);
  for (std::string line; std::getline(lines, line);) report.notes.push_back(line);
  return finish(session, closed(std::move(report), {}, context));
}

RunReport run_with_events(const Settings& settings, const Session& session) {
  TerminalEvents events(session.output);
  return run_job(settings, context_of(session, events));
}

}  // namespace

int run_job_verb(const Settings& settings, const Session& session) {
  JobEvents nobody_listens;
  const JobContext context = context_of(session, nobody_listens);
  if (const Status ok = check_output(session, log_of(settings)); !ok) {
    return finish(session, closed(begin_job(settings, context), ok, context));
  }
  if (session.output.dry_run) return show_plan(settings, session, context);
  return finish(session, run_with_events(settings, session));
}

int refuse_job_verb(Verb verb, const Error& error, const Session& session) {
  JobEvents nobody_listens;
  const JobContext context = context_of(session, nobody_listens);
  return finish(session, closed(begin_report(verb, context), tl::unexpected(error), context));
}

}  // namespace wireproof
