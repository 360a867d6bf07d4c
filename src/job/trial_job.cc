#include "job/trial_job.h"

#include <fmt/format.h>

#include <cmath>

#include "base/exact_text.h"
#include "job/describe.h"
#include "job/kinds.h"
#include "job/known_baselines.h"
#include "job/log_file.h"
#include "job/test_ports.h"
#include "settings/loads.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

std::string describe_trial_load(const Settings& settings) {
  const Rate& rate = settings.trial.rate;
  std::string load = "as fast as the tester can send";
  if (rate.kind == Rate::Kind::kPps) load = format_rate(rate.value);
  if (rate.kind == Rate::Kind::kBps) load = format_bps(rate.value);
  if (rate.kind == Rate::Kind::kPercent) load = fmt::format("{} % of line rate", rate.value);
  const TrialSettings& trial = settings.trial;
  const std::string ends = trial.frames > 0 ? fmt::format("{} frames", format_count(trial.frames))
                                            : format_duration(trial.duration);
  const std::string then = trial.step
                               ? fmt::format(", from {} on {}", format_duration(trial.step->at),
                                             exact_rate(trial.step->rate))
                               : std::string();
  return fmt::format("{} for {}{}{}", load, ends, then,
                     settings.test.bidirectional ? " in each direction" : "");
}

struct RanTrial {
  TrialResult result;
  Status logged;  // its frames, where that was asked for
};

Result<RanTrial> run_one(const Settings& settings, const PlannedTrial& planned,
                         const OpenPorts& ports, BesideBaselines& known, const JobContext& context,
                         const std::optional<LogFile>& frame_log) {
  auto measurer = make_measurer(
      settings.test, planned.profile, ports, context,
      [&](const DirectionResult& so_far) { context.events.interval(planned.spec.id, so_far); });
  if (!measurer) return tl::unexpected(measurer.error());
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
               const OpenPorts& ports, const JobContext& context, std::optional<LogFile>& frame_log,
               RunReport& report) {
  BesideBaselines known(ports, settings, context.calibration_file, report);
  Status ended;
  for (const PlannedTrial& one : planned) {
    Result<RanTrial> trial = run_one(settings, one, ports, known, context, frame_log);
    if (!trial) {
      ended = tl::unexpected(trial.error());
      break;
    }
    context.events.trial(trial->result, report.hosts);
    report.trials.push_back(std::move(trial->result));
    if (!trial->logged) return trial->logged;
    if (context.cancelled) break;
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

// So long that exactly so many frames are due.
Result<Nanoseconds> duration_of(std::uint64_t frames, double fps) {
  constexpr double kLongest = 24.0 * 3600 * kSecond;
  const double duration = std::ceil(static_cast<double>(frames) * 1e9 / fps);
  if (duration > kLongest)
    return fail(
        ErrorKind::kUsage,
        fmt::format("--frames {}: at {} they take longer than a day", frames, format_rate(fps)),
        "give fewer frames, or a higher rate");
  return static_cast<Nanoseconds>(duration);
}

Config describe_trial(const Settings& settings) {
  Config config = describe_test(settings.test);
  const bool by_frames = settings.trial.frames > 0;  // with a rate, by them alone
  if (!by_frames || settings.trial.rate.kind == Rate::Kind::kMax)
    config.push_back({"duration_ns", settings.trial.duration});
  if (by_frames) config.push_back({"frames", settings.trial.frames});
  if (const auto& step = settings.trial.step) {
    config.push_back({"step_rate", exact_rate(step->rate)});
    config.push_back({"step_at_ns", step->at});
  }
  std::vector<std::string> criteria;
  for (const Criterion& criterion : settings.trial.fail_if) {
    criteria.push_back(describe(criterion));
  }
  if (!criteria.empty()) config.push_back({"fail_if", std::move(criteria)});
  if (!settings.trial.frame_log.empty()) {
    config.push_back({"frame_log", settings.trial.frame_log});
    config.push_back({"frame_log_frames", settings.test.trial.log_frames});
  }
  return config;
}

struct PreparedTrial {
  PreparedTest test;
  std::vector<TrialSpec> loads;  // of each size, as far as they can be known yet
};

Result<PreparedTrial> prepare_trial(const Settings& settings, const JobContext& context) {
  Result<PreparedTest> test = prepare_test(settings.test, context);
  if (!test) return tl::unexpected(test.error());
  PreparedTrial prepared{.test = std::move(*test)};
  if (!prepared.test.line_rate_bps) return prepared;
  const auto planned = plan_trials(settings, *prepared.test.line_rate_bps);
  if (!planned) return tl::unexpected(planned.error());
  for (const PlannedTrial& one : *planned) prepared.loads.push_back(one.spec);
  return prepared;
}

Result<std::string> plan_trial_job(const Settings& settings, const JobContext& context) {
  return prepare_trial(settings, context).map([&](const PreparedTrial& prepared) {
    return plan_text(settings.test, prepared.test, context, describe_trial_load(settings),
                     prepared.loads);
  });
}

Status run_trial_job(const Settings& settings, const JobContext& context, RunReport& report) {
  const Result<PreparedTrial> prepared = prepare_trial(settings, context);
  if (!prepared) return tl::unexpected(prepared.error());
  Result<std::optional<LogFile>> frame_log = open_frame_log(settings.trial.frame_log);
  if (!frame_log) return tl::unexpected(frame_log.error());
  const Result<OpenPorts> ports = open_ports(settings.test, prepared->test, context);
  if (!ports) return tl::unexpected(ports.error());
  describe_ports(*ports, settings.test, report);
  const auto planned = plan_trials(settings, ports->line_rate_bps);
  if (!planned) return tl::unexpected(planned.error());
  if (Status ok = begin_frame_log(*frame_log); !ok) return ok;
  Status ran = run_all(settings, *planned, *ports, context, *frame_log, report);
  describe_counters(*ports, report);
  if (!ran) return ran;
  if (report.trials.size() < planned->size()) {
    report.status = RunStatus::kAborted;  // between two
  } else {
    settle_status(settings, report);
  }
  return ran;
}

}  // namespace

const JobKind kTrialJob{Verb::kTrial, ReportKind::kTrial, describe_trial, run_trial_job,
                        plan_trial_job};

Result<std::vector<PlannedTrial>> plan_trials(const Settings& settings, double line_rate_bps) {
  std::vector<PlannedTrial> planned;
  for (const SizeChoice& choice : settings.test.sizes) {
    TrafficProfile profile = profile_of(settings.test, choice);
    const double mean = mean_frame_size(profile);
    TrialSpec spec{.id = planned.size() + 1,
                   .frame_size = nominal_frame_size(profile),
                   .mean_frame_size = mean_of_mix(profile),
                   .max_rate = settings.trial.rate.kind == Rate::Kind::kMax,
                   .duration = settings.trial.duration};
    if (spec.max_rate) spec.frames = settings.trial.frames;
    if (!spec.max_rate) {
      const auto fps =
          rate_to_fps(settings.trial.rate, "--rate", settings.test, mean, line_rate_bps);
      if (!fps) return tl::unexpected(fps.error());
      if (const std::uint64_t frames = settings.trial.frames; frames > 0) {
        const auto duration = duration_of(frames, *fps);
        if (!duration) return tl::unexpected(duration.error());
        spec.duration = *duration;
      }
      if (settings.trial.step) {
        const StepSetting& step = *settings.trial.step;
        const auto then = rate_to_fps(step.rate, "--step", settings.test, mean, line_rate_bps);
        if (!then) return tl::unexpected(then.error());
        spec.step = {.at = step.at, .fps = *then};
      }
      if (const Status ok = check_sends(*fps, spec.duration, "--rate"); !ok) {
        return tl::unexpected(ok.error());
      }
      spec.intended_fps = *fps;
    }
    planned.push_back({std::move(profile), choice.key(), spec});
  }
  return planned;
}

}  // namespace wireproof
