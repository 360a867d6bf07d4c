#include "tools/trial_verb.h"

#include <fmt/format.h>
#include <unistd.h>

#include "report/json.h"
#include "report/text.h"
#include "report/write_file.h"
#include "settings/loads.h"
#include "tools/cleanup.h"
#include "tools/interrupt.h"
#include "tools/known_cables.h"
#include "tools/log_file.h"
#include "tools/ports.h"
#include "tools/standard_streams.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

std::string describe_load(const Settings& settings) {
  const Rate& rate = settings.trial.rate;
  std::string load = "as fast as the tester can";
  if (rate.kind == Rate::Kind::kPps) load = format_rate(rate.value);
  if (rate.kind == Rate::Kind::kBps) load = format_bps(rate.value);
  if (rate.kind == Rate::Kind::kPercent) load = fmt::format("{} % of line rate", rate.value);
  return fmt::format("{} for {}{}", load, format_duration(settings.trial.duration),
                     settings.test.bidirectional ? " in each direction" : "");
}

// Live: a line of its own on a terminal, an event where the stream was asked for.
IntervalObserver observe_intervals(const Session& session, std::uint64_t trial_id) {
  const bool line = !session.output.quiet && isatty(STDERR_FILENO) != 0;
  if (!line && !session.output.json_stream) return {};
  return [&session, trial_id, line](const DirectionResult& so_far) {
    if (session.output.json_stream) {
      // A reader that has gone is found out by the result, which is the one that counts.
      static_cast<void>(
          write_all(STDOUT_FILENO, interval_event(trial_id, so_far), "standard output"));
    }
    if (line) say("\r\x1b[K" + live_text(so_far));
  };
}

struct RanTrial {
  TrialResult result;
  Status logged;  // its frames, where that was asked for
};

Result<RanTrial> run_one(const Settings& settings, const PlannedTrial& planned,
                         const OpenPorts& ports, BesideKnownCables& known, const Session& session,
                         const std::optional<LogFile>& frame_log) {
  auto measurer = PacketMeasurer::make(
      ports.trial, planned.profile, ports.pair(settings.test.bidirectional), ports.cores,
      session.clock, interrupted(), observe_intervals(session, planned.spec.id));
  if (!measurer) return tl::unexpected(measurer.error());
  tell_of_silence(**measurer, session);
  known.use(**measurer, planned.size_key);
  Result<TrialResult> trial = known.measure(planned.spec);
  if (!trial) return tl::unexpected(trial.error());
  RanTrial ran{.result = std::move(*trial)};
  if (frame_log) {
    ran.logged = (*measurer)->write_arrivals(planned.spec.id, frame_log->file(), frame_log->path());
  }
  return ran;
}

Result<std::optional<LogFile>> open_frame_log(const std::string& path) {
  if (path.empty()) return std::nullopt;
  Result<LogFile> file = LogFile::open(path);
  if (!file) return tl::unexpected(file.error());
  return std::optional<LogFile>(std::move(*file));
}

Status begin_frame_log(std::optional<LogFile>& log) {
  if (!log) return {};
  if (Status ok = log->begin(); !ok) return ok;
  return write_arrivals_head(log->file(), log->path());
}

// What ran is in the report, whatever ended it; the frame log holds the frames of these trials, or
// stays what it was.
Status run_all(const Settings& settings, const std::vector<PlannedTrial>& planned,
               const OpenPorts& ports, const Session& session, std::optional<LogFile>& frame_log,
               RunReport& report) {
  BesideKnownCables known(ports, settings.test, report);
  Status ended;
  for (const PlannedTrial& one : planned) {
    Result<RanTrial> trial = run_one(settings, one, ports, known, session, frame_log);
    if (!session.output.quiet && isatty(STDERR_FILENO) != 0) say("\r\x1b[K");
    if (!trial) {
      ended = tl::unexpected(trial.error());
      break;
    }
    if (session.output.json_stream) {
      static_cast<void>(write_all(STDOUT_FILENO, trial_event(trial->result, report.environment),
                                  "standard output"));
    }
    report.trials.push_back(std::move(trial->result));
    if (!trial->logged) return trial->logged;
    if (interrupted()) break;
  }
  if (!frame_log || report.trials.empty()) return ended;
  const Status kept = frame_log->commit();
  return ended ? kept : ended;
}

// What was interrupted is not judged; an invalid trial is what the run is, unless the user said
// that it is to fail then.
void settle_status(const Settings& settings, RunReport& report) {
  for (const TrialResult& trial : report.trials) {
    if (trial.interrupted) {
      report.status = RunStatus::kAborted;
      return;
    }
  }
  bool invalid = false;
  bool failed = false;
  bool invalid_fails = false;
  for (const TrialResult& trial : report.trials) {
    invalid |= trial.verdict == Verdict::kInvalid;
    for (CriterionResult& result : judge_criteria(settings.trial.fail_if, trial)) {
      failed |= result.failed;
      invalid_fails |= result.failed && result.criterion.unit == CriterionUnit::kVerdict;
      report.criteria.push_back(std::move(result));
    }
  }
  if (invalid && !invalid_fails) {
    report.status = RunStatus::kInvalid;
  } else if (failed) {
    report.status = RunStatus::kFailed;
  }
}

}  // namespace

Result<std::vector<PlannedTrial>> plan_trials(const Settings& settings, double line_rate_bps) {
  std::vector<PlannedTrial> planned;
  for (const SizeChoice& choice : settings.test.sizes) {
    TrafficProfile profile = settings.test.profile;
    profile.sizes = choice.sizes;
    profile.size_name = choice.name;
    const double mean = mean_frame_size(profile);
    TrialSpec spec{.id = planned.size() + 1,
                   .frame_size = static_cast<std::uint32_t>(mean + 0.5),
                   .mean_frame_size = mean_of_mix(profile),
                   .max_rate = settings.trial.rate.kind == Rate::Kind::kMax,
                   .duration = settings.trial.duration};
    if (!spec.max_rate) {
      const auto fps =
          rate_to_fps(settings.trial.rate, "--rate", settings.test, mean, line_rate_bps);
      if (!fps) return tl::unexpected(fps.error());
      if (const Status ok = check_sends(*fps, settings.trial.duration, "--rate"); !ok) {
        return tl::unexpected(ok.error());
      }
      spec.intended_fps = *fps;
    }
    planned.push_back({std::move(profile), choice.key(), spec});
  }
  return planned;
}

int run_trial(const Settings& settings, const Session& session) {
  RunReport report = begin_report(session, settings);
  report.config = describe_test(settings.test);
  report.config.push_back({"duration_ns", settings.trial.duration});
  std::vector<std::string> criteria;
  for (const Criterion& criterion : settings.trial.fail_if) criteria.push_back(describe(criterion));
  if (!criteria.empty()) report.config.push_back({"fail_if", std::move(criteria)});
  if (!settings.trial.frame_log.empty()) {
    report.config.push_back({"frame_log", settings.trial.frame_log});
    report.config.push_back({"frame_log_frames", settings.test.trial.log_frames});
  }
  const auto give_up = [&](const Error& error) {
    set_error(report, error);
    return finish(session, report);
  };
  if (const Status ok = check_output(session, settings.trial.frame_log); !ok)
    return give_up(ok.error());
  if (!session.output.dry_run) undo_leftovers(report);
  const Result<PreparedTest> prepared = prepare_test(settings.test, session);
  if (!prepared) return give_up(prepared.error());
  std::vector<double> loads_fps;
  if (prepared->line_rate_bps) {
    const auto planned = plan_trials(settings, *prepared->line_rate_bps);
    if (!planned) return give_up(planned.error());
    for (const PlannedTrial& one : *planned) {
      if (!one.spec.max_rate) loads_fps.push_back(one.spec.intended_fps);
    }
  }
  if (session.output.dry_run) {
    return finish_dry_run(session, report,
                          describe_plan(settings.test, *prepared, describe_load(settings),
                                        loads_fps, settings.trial.duration));
  }
  Result<std::optional<LogFile>> frame_log = open_frame_log(settings.trial.frame_log);
  if (!frame_log) return give_up(frame_log.error());
  const Result<OpenPorts> ports = open_ports(settings.test, *prepared, session);
  if (!ports) return give_up(ports.error());
  describe_ports(*ports, settings.test, report);

  const auto planned = plan_trials(settings, ports->line_rate_bps);
  if (!planned) return give_up(planned.error());
  if (const Status ok = begin_frame_log(*frame_log); !ok) return give_up(ok.error());
  const Status ran = run_all(settings, *planned, *ports, session, *frame_log, report);
  if (!ran) return give_up(ran.error());
  describe_counters(*ports, report);
  settle_status(settings, report);
  return finish(session, report);
}

}  // namespace wireproof
