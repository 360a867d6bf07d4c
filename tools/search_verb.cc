#include "tools/search_verb.h"

#include <fmt/format.h>
#include <unistd.h>

#include "report/json.h"
#include "report/write_file.h"
#include "search/bisect.h"
#include "settings/loads.h"
#include "tools/cleanup.h"
#include "tools/command_measurer.h"
#include "tools/interrupt.h"
#include "tools/known_cables.h"
#include "tools/ports.h"
#include "tools/search_run.h"
#include "tools/standard_streams.h"

namespace wireproof {
namespace {

TrafficProfile profile_of(const Settings& settings, const SizeChoice& choice) {
  TrafficProfile profile = settings.test.profile;
  profile.sizes = choice.sizes;
  profile.size_name = choice.name;
  return profile;
}

Result<SizeSearches> searches_of(const Settings& settings, const SizeChoice& choice,
                                 double line_rate_bps) {
  const double mean = mean_frame_size(profile_of(settings, choice));
  SearchSpec spec = settings.search.spec;
  spec.frame_size = static_cast<std::uint32_t>(mean + 0.5);
  spec.mean_frame_size = mean_of_mix(profile_of(settings, choice));
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
  for (const SearchGoal& goal : settings.search.goals) {
    spec.goal = goal;
    if (const Status ok = check_search(spec); !ok) return tl::unexpected(ok.error());
    searches.goals.push_back(spec);
  }
  return searches;
}

}  // namespace

Result<SearchRun> plan_searches(const Settings& settings, double line_rate_bps) {
  if (!settings.search.trial_command.empty() && settings.search.max_rate.kind == Rate::Kind::kMax)
    return fail(ErrorKind::kUsage, "--trial-command: the other tester's own maximum is not known",
                "say where to begin with --max-rate");
  SearchRun run;
  run.time_limit = settings.search.spec.time_limit;
  for (const SizeChoice& choice : settings.test.sizes) {
    auto searches = searches_of(settings, choice, line_rate_bps);
    if (!searches) return tl::unexpected(searches.error());
    run.sizes.push_back(std::move(*searches));
  }
  return run;
}

namespace {

void observe(const Session& session, const HostFacts& host, SearchRun& run) {
  if (session.output.json_stream) {
    run.on_trial = [&host](const TrialResult& trial) {
      // A reader that has gone is found out by the result, which is the one that counts.
      static_cast<void>(write_all(STDOUT_FILENO, trial_event(trial, host), "standard output"));
    };
  }
  if (session.output.quiet || isatty(STDERR_FILENO) == 0) return;
  run.on_progress = [](const std::string& line) { say("\r\x1b[K" + line); };
}

void describe_search(const Settings& settings, RunReport& report) {
  std::vector<std::string> goals;
  for (const SearchGoal& goal : settings.search.goals) goals.push_back(goal.name);
  const SearchSpec& search = settings.search.spec;
  report.config.push_back({"goals", std::move(goals)});
  report.config.push_back({"method", "bisect"});
  report.config.push_back({"precision", search.precision});
  report.config.push_back({"trial_duration_ns", search.trial_duration});
  report.config.push_back({"final_duration_ns", search.final_duration});
  report.config.push_back({"invalid_retries", search.invalid_retries});
  if (search.time_limit > 0) report.config.push_back({"time_limit_ns", search.time_limit});
}

// Plans, runs and reports; `measurer_for` says how a size is measured. `ports`: null without.
int search_with(const Settings& settings, const Session& session, RunReport& report,
                const OpenPorts* ports,
                const std::function<Result<Measurer*>(std::size_t)>& measurer_for) {
  Result<SearchRun> run = plan_searches(settings, report.line_rate_bps);
  if (!run) {
    set_error(report, run.error());
    return finish(session, report);
  }
  run->measurer_for = measurer_for;
  observe(session, report.environment, *run);
  run_searches(*run, session.clock, report);
  if (run->on_progress) say("\r\x1b[K");
  if (ports != nullptr) describe_counters(*ports, report);
  return finish(session, report);
}

int search_by_command(const Settings& settings, const Session& session, RunReport& report) {
  report.config = {{"trial_command", settings.search.trial_command}};
  describe_search(settings, report);
  report.line_rate_bps = settings.test.line_rate_bps;
  CommandMeasurer measurer({.command = settings.search.trial_command}, session.clock,
                           interrupted());
  return search_with(settings, session, report, nullptr,
                     [&](std::size_t) -> Result<Measurer*> { return &measurer; });
}

// With the loads, as far as they can be known before the ports are open.
Result<PreparedTest> prepare(const Settings& settings, const Session& session) {
  Result<PreparedTest> prepared = prepare_test(settings.test, session);
  if (!prepared || !prepared->line_rate_bps) return prepared;
  const auto run = plan_searches(settings, *prepared->line_rate_bps);
  if (!run) return tl::unexpected(run.error());
  return prepared;
}

int search_by_frames(const Settings& settings, const Session& session, RunReport& report) {
  report.config = describe_test(settings.test);
  describe_search(settings, report);
  const auto give_up = [&](const Error& error) {
    set_error(report, error);
    return finish(session, report);
  };
  undo_leftovers(report);
  const Result<PreparedTest> prepared = prepare(settings, session);
  if (!prepared) return give_up(prepared.error());
  const Result<OpenPorts> ports = open_ports(settings.test, *prepared, session);
  if (!ports) return give_up(ports.error());
  describe_ports(*ports, settings.test, report);
  std::unique_ptr<PacketMeasurer> measurer;
  BesideKnownCables known(*ports, settings.test, report);
  return search_with(
      settings, session, report, &*ports, [&](std::size_t index) -> Result<Measurer*> {
        measurer.reset();
        auto made =
            PacketMeasurer::make(ports->trial, profile_of(settings, settings.test.sizes[index]),
                                 ports->pair(settings.test.bidirectional), ports->cores,
                                 session.clock, interrupted(), {});
        if (!made) return tl::unexpected(made.error());
        measurer = std::move(*made);
        tell_of_silence(*measurer, session);
        known.use(*measurer, settings.test.sizes[index].key());
        return &known;
      });
}

std::string describe_load(const Settings& settings) {
  std::string goals;
  for (const SearchGoal& goal : settings.search.goals)
    goals += (goals.empty() ? "" : ", ") + goal.name;
  return fmt::format("searched for {} to {:g} %, by trials of {}", goals,
                     settings.search.spec.precision * 100,
                     format_duration(settings.search.spec.trial_duration));
}

Result<std::string> plan_text(const Settings& settings, const Session& session) {
  const std::string load = describe_load(settings);
  if (settings.search.trial_command.empty()) {
    return prepare(settings, session).map([&](const PreparedTest& prepared) {
      return describe_plan(settings.test, prepared, load);
    });
  }
  const auto run = plan_searches(settings, settings.test.line_rate_bps);
  if (!run) return tl::unexpected(run.error());
  return fmt::format("trials by   {}\nload        {}\ndry run: nothing was run\n",
                     settings.search.trial_command, load);
}

}  // namespace

int run_search(const Settings& settings, const Session& session) {
  RunReport report = begin_report(session, settings);
  if (session.output.dry_run) {
    return finish_dry_run(session, report, plan_text(settings, session));
  }
  if (const Status ok = check_output(session); !ok) {
    set_error(report, ok.error());
    return finish(session, report);
  }
  return settings.search.trial_command.empty() ? search_by_frames(settings, session, report)
                                               : search_by_command(settings, session, report);
}

}  // namespace wireproof
