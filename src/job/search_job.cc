#include "job/search_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "job/command_measurer.h"
#include "job/describe.h"
#include "job/kinds.h"
#include "job/known_baselines.h"
#include "job/logged_measurer.h"
#include "job/test_ports.h"
#include "search/bisect.h"
#include "settings/loads.h"

namespace wireproof {
namespace {

// Bounds that close together no two loads can have, even at the highest.
Status check_resolution(const SearchSpec& spec) {
  const double frames = spec.max_fps * spec.precision * seconds(spec.final_duration);
  const bool one_load = spec.min_fps >= spec.max_fps * (1 - spec.precision);
  if (spec.max_fps <= 0 || one_load || frames >= 1) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("--precision {:g} %: at {} that is less than one frame in a trial of {}",
                          spec.precision * 100, format_rate(spec.max_fps),
                          format_duration(spec.final_duration)),
              "give a coarser precision, or longer trials");
}

Result<SizeSearches> searches_of(const Settings& settings, const SizeChoice& choice,
                                 double line_rate_bps) {
  const TrafficProfile profile = profile_of(settings.test, choice);
  const double mean = mean_frame_size(profile);
  SearchSpec spec = settings.search.spec;
  spec.frame_size = nominal_frame_size(profile);
  spec.mean_frame_size = mean_of_mix(profile);
  if (settings.search.max_rate.kind != Rate::Kind::kMax) {
    const auto max =
        rate_to_fps(settings.search.max_rate, "--max-rate", settings.test, mean, line_rate_bps);
    if (!max) return tl::unexpected(max.error());
    spec.max_fps = *max;
  }
  const auto min =
      rate_to_fps(settings.search.min_rate, "--min-rate", settings.test, mean, line_rate_bps);
  if (!min) return tl::unexpected(min.error());
  spec.min_fps = *min;
  SizeSearches searches{.name = choice.name, .goals = {}};
  for (const GoalChoice& one : settings.search.goals) {
    SearchSpec of_goal = spec;
    of_goal.goal = one.goal;
    if (one.final_duration > 0) {
      of_goal.final_duration = one.final_duration;
      of_goal.duration_sum = one.duration_sum;
      of_goal.trial_duration = std::min(spec.trial_duration, one.final_duration);
    }
    if (const Status ok = check_search(of_goal); !ok) return tl::unexpected(ok.error());
    if (const Status ok = check_resolution(of_goal); !ok) return tl::unexpected(ok.error());
    searches.goals.push_back(std::move(of_goal));
  }
  return searches;
}

}  // namespace

Result<SearchRun> plan_searches(const Settings& settings, double line_rate_bps) {
  if (!settings.search.trial_command.empty() && settings.search.max_rate.kind == Rate::Kind::kMax)
    return fail(ErrorKind::kUsage,
                "--trial-command needs --max-rate: the other tester's maximum is not known",
                "give the highest load to try");
  SearchRun run;
  run.method = settings.search.method;
  run.time_limit = settings.search.spec.time_limit;
  for (const SizeChoice& choice : settings.test.sizes) {
    auto searches = searches_of(settings, choice, line_rate_bps);
    if (!searches) return tl::unexpected(searches.error());
    run.sizes.push_back(std::move(*searches));
  }
  return run;
}

namespace {

bool by_command(const Settings& settings) {
  return !settings.search.trial_command.empty();
}

Config describe_search(const Settings& settings) {
  Config config = by_command(settings) ? Config{{"trial_command", settings.search.trial_command}}
                                       : describe_test(settings.test);
  std::vector<std::string> goals;
  for (const GoalChoice& one : settings.search.goals) goals.push_back(one.goal.name);
  const SearchSpec& search = settings.search.spec;
  config.push_back({"goals", std::move(goals)});
  config.push_back({"method", std::string(word_of(kSearchMethodWords, settings.search.method))});
  config.push_back({"precision", search.precision});
  config.push_back({"trial_duration_ns", search.trial_duration});
  config.push_back({"final_duration_ns", search.final_duration});
  config.push_back({"invalid_retries", search.invalid_retries});
  if (search.time_limit > 0) config.push_back({"time_limit_ns", search.time_limit});
  return config;
}

// Plans and runs; `measurer_for` says how a size is measured.
Status search_with(const Settings& settings, const JobContext& context, RunReport& report,
                   const std::function<Result<Measurer*>(std::size_t)>& measurer_for) {
  Result<SearchRun> run = plan_searches(settings, report.line_rate_bps);
  if (!run) return tl::unexpected(run.error());
  const auto log = LoggedMeasurer::open(settings.log, settings.verb, context.clock, report);
  if (!log) return tl::unexpected(log.error());
  run->measurer_for = [&](std::size_t index) -> Result<Measurer*> {
    const Result<Measurer*> inner = measurer_for(index);
    if (!inner) return inner;
    (*log)->use(**inner);
    return log->get();
  };
  run->on_trial = [&](const TrialResult& trial) { context.events.trial(trial, report.hosts); };
  run->on_progress = [&](const std::string& line) { context.events.progress(line); };
  return run_searches(*run, (*log)->clock(), report);
}

Status search_by_command(const Settings& settings, const JobContext& context, RunReport& report) {
  report.line_rate_bps = settings.test.line_rate_bps;
  CommandMeasurer measurer({.command = settings.search.trial_command}, context.clock,
                           context.cancelled);
  return search_with(settings, context, report,
                     [&](std::size_t) -> Result<Measurer*> { return &measurer; });
}

// With the loads, as far as they can be known before the ports are open.
Result<PreparedTest> prepare_search(const Settings& settings, const JobContext& context) {
  Result<PreparedTest> prepared = prepare_test(settings.test, context);
  if (!prepared || !prepared->line_rate_bps) return prepared;
  const auto run = plan_searches(settings, *prepared->line_rate_bps);
  if (!run) return tl::unexpected(run.error());
  return prepared;
}

Status search_by_frames(const Settings& settings, const JobContext& context, RunReport& report) {
  const Result<PreparedTest> prepared = prepare_search(settings, context);
  if (!prepared) return tl::unexpected(prepared.error());
  const Result<OpenPorts> ports = open_ports(settings.test, *prepared, context);
  if (!ports) return tl::unexpected(ports.error());
  describe_ports(*ports, settings.test, report);
  std::unique_ptr<PacketMeasurer> measurer;
  BesideBaselines known(*ports, settings, context.calibration_file, report);
  Status ended =
      search_with(settings, context, report, [&](std::size_t index) -> Result<Measurer*> {
        measurer.reset();
        const SizeChoice& size = settings.test.sizes[index];
        auto made = make_measurer(settings.test, profile_of(settings.test, size), *ports, context);
        if (!made) return tl::unexpected(made.error());
        measurer = std::move(*made);
        known.use(*measurer, size.key());
        return &known;
      });
  describe_counters(*ports, report);
  return ended;
}

Status run_search_job(const Settings& settings, const JobContext& context, RunReport& report) {
  return by_command(settings) ? search_by_command(settings, context, report)
                              : search_by_frames(settings, context, report);
}

std::string describe_search_load(const Settings& settings) {
  std::string goals;
  for (const GoalChoice& one : settings.search.goals)
    goals += (goals.empty() ? "" : ", ") + one.goal.name;
  return fmt::format("searched for {} to {:g} %, by trials of {}", goals,
                     settings.search.spec.precision * 100,
                     format_duration(settings.search.spec.trial_duration));
}

Result<std::string> plan_search_job(const Settings& settings, const JobContext& context) {
  const std::string load = describe_search_load(settings);
  if (!by_command(settings)) {
    return prepare_search(settings, context).map([&](const PreparedTest& prepared) {
      return plan_text(settings.test, prepared, context, load);
    });
  }
  const auto run = plan_searches(settings, settings.test.line_rate_bps);
  if (!run) return tl::unexpected(run.error());
  return fmt::format("trials by   {}\nload        {}\ndry run: nothing was run\n",
                     settings.search.trial_command, load);
}

}  // namespace

const JobKind kSearchJob{Verb::kSearch, ReportKind::kSearch, describe_search, run_search_job,
                         plan_search_job};

}  // namespace wireproof
