#include "job/rfc2544_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "job/describe.h"
#include "job/kinds.h"
#include "job/known_baselines.h"
#include "job/logged_measurer.h"
#include "job/reset_command.h"
#include "job/search_job.h"
#include "job/test_ports.h"
#include "search/bisect.h"
#include "settings/loads.h"
#include "settings/ports.h"
#include "suite/plan.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

// RFC 2544 section 23 e: the device comes to rest between two trials.
class RestedMeasurer final : public Measurer {
 public:
  RestedMeasurer(Nanoseconds rest, const Clock& clock, const std::atomic<bool>& cancelled)
      : rest_(rest), clock_(clock), cancelled_(cancelled) {}

  void use(Measurer& inner) { inner_ = &inner; }

  void rest() const {
    constexpr Nanoseconds kStep = 20 * kMillisecond;
    while (!cancelled_ && clock_.now() < rested_at_) {
      clock_.sleep_until(std::min(rested_at_, clock_.now() + kStep));
      clock_.maintain();
    }
  }

  [[nodiscard]] Result<TrialResult> measure(const TrialSpec& spec) override {
    rest();
    if (cancelled_) return fail(ErrorKind::kInterrupted, "interrupted between two trials");
    Result<TrialResult> trial = inner_->measure(spec);
    rested_at_ = clock_.now() + rest_;
    return trial;
  }

 private:
  Nanoseconds rest_;
  const Clock& clock_;
  const std::atomic<bool>& cancelled_;
  Measurer* inner_ = nullptr;
  Nanoseconds rested_at_ = 0;
};

// What is to happen so long after a trial has begun is counted from after the rest before it.
class ResetAfterRest final : public Resetter {
 public:
  ResetAfterRest(Resetter& inner, const RestedMeasurer& rested) : inner_(inner), rested_(rested) {}
  [[nodiscard]] Status begin(Nanoseconds after) override {
    rested_.rest();
    return inner_.begin(after);
  }
  [[nodiscard]] Status end() override { return inner_.end(); }

 private:
  Resetter& inner_;
  const RestedMeasurer& rested_;
};

bool runs(const SuiteSettings& suite, SuiteTest test) {
  return std::find(suite.tests.begin(), suite.tests.end(), test) != suite.tests.end();
}

SuiteSpec spec_of(const Settings& settings) {
  const SuiteSettings& suite = settings.suite;
  SuiteSpec spec = suite.quick ? quick_length(suite.tests) : full_length(suite.tests);
  if (suite.reset_command.empty()) spec.reset_repetitions = 1;
  if (suite.repetitions) {
    const auto repetitions = static_cast<unsigned>(*suite.repetitions);
    spec.latency_repetitions = spec.burst_repetitions = spec.recovery_repetitions =
        spec.reset_repetitions = repetitions;
  }
  spec.reset_duration = suite.reset_duration.value_or(spec.reset_duration);
  spec.precision = settings.search.spec.precision;
  spec.invalid_retries = settings.search.spec.invalid_retries;
  constexpr Nanoseconds kThreads = 100 * kMillisecond;
  const PacketTrialSpec& trial = settings.test.trial;
  spec.overhead = trial.warm_up + suite.settle.value_or(0) + kThreads +
                  (trial.end_when_complete ? 0 : trial.waiting_time);
  return spec;
}

// The highest rate of a size, as far as it is known before anything is sent.
void limit_rates(const Settings& settings, double line_rate_bps, SuiteSize& size) {
  const double given = size.goals.front().max_fps;
  const double line =
      line_rate_bps > 0 ? line_rate_fps(line_rate_bps, exact_frame_size(size.goals.front())) : 0;
  if (given > 0 && (line == 0 || given <= line)) {
    size.max_fps = given;
    size.limit = RateLimit::kMaxRate;
    return;
  }
  if (line == 0) return;
  size.max_fps = line;
  size.limit = settings.test.line_rate_bps > 0 ? RateLimit::kGivenLine : RateLimit::kLineRate;
  for (SearchSpec& goal : size.goals) goal.max_fps = size.max_fps;
}

Status give_throughput(const Settings& settings, double line_rate_bps, SuiteSize& size) {
  if (!settings.suite.throughput) return {};
  const auto known = rate_to_fps(*settings.suite.throughput, "--throughput", settings.test,
                                 exact_frame_size(size.goals.front()), line_rate_bps);
  if (!known) return tl::unexpected(known.error());
  if (size.max_fps > 0 && *known > size.max_fps)
    return fail(ErrorKind::kUsage,
                fmt::format("--throughput: {} is above the highest rate of {} bytes, {}",
                            format_rate(*known), size.name, format_rate(size.max_fps)),
                "give what the throughput test found");
  size.throughput_fps = *known;
  return {};
}

// Where a trial's phases are not those of RFC 2544 section 23, and frames not those of section 9.
std::vector<std::string> other_deviations(const Settings& settings) {
  const TestSettings& test = settings.test;
  const SuiteSettings& suite = settings.suite;
  std::vector<std::string> found = suite.replaced;
  constexpr std::size_t kSizes = 5;
  if (test.sizes.size() < kSizes)
    found.push_back(fmt::format("{} frame size{}, not five or more (RFC 2544 section 9.1)",
                                test.sizes.size(), test.sizes.size() == 1 ? "" : "s"));
  if (test.trial.waiting_time < 2 * kSecond || test.trial.end_when_complete)
    found.push_back(
        fmt::format("waiting time after a trial {:g} s{}, not 2 s (RFC 2544 section 23 d)",
                    seconds(test.trial.waiting_time),
                    test.trial.end_when_complete ? " or until every frame has arrived" : ""));
  if (suite.settle.value_or(0) < 5 * kSecond)
    found.push_back(fmt::format("rest between two trials {:g} s, not 5 s (RFC 2544 section 23 e)",
                                seconds(suite.settle.value_or(0))));
  if (test.trial.warm_up > 0)
    found.emplace_back(
        "waiting time after learning frames: until they have arrived, not 2 s (RFC 2544 section 23 "
        "b)");
  if (test.trial.warm_up == 0)
    found.emplace_back("no learning frames before a trial (RFC 2544 section 23 b)");
  if (!test.bidirectional && !is_socket_port(test.tx))
    found.emplace_back(
        "learning frames: from the sending port alone, none from the receiving one (RFC 2544 "
        "section 23 b); with --bidirectional from both");
  if (suite.throughput) found.emplace_back("throughput: as given, not measured");
  if (settings.search.max_rate.kind != Rate::Kind::kMax)
    found.emplace_back(
        "the maximum rate is --max-rate, not that of the medium (RFC 2544 section 20)");
  if (test.trial.schedule != ScheduleKind::kConstant)
    found.push_back(fmt::format("the schedule is {}, not constant (RFC 1242 section 3.4)",
                                word_of(kScheduleWords, test.trial.schedule)));
  if (runs(suite, SuiteTest::kLatency))
    found.emplace_back(
        "latency: averaged over the recorded frames of each trial, not of one tagged frame after "
        "60 s (RFC "
        "2544 section 26.2); from the TX to the RX timestamp of whole frames, which is neither "
        "store-and-forward nor bit-forwarding latency (RFC 1242 section 3.8)");
  return found;
}

void deviations_by_result(SuiteResult& result) {
  for (const SuiteSizeResult& size : result.sizes) {
    if (size.limit != RateLimit::kMeasured || !size.max_fps) continue;
    result.deviations.emplace_back(
        "the maximum rate is what the tester could send: the port has no line rate (RFC 2544 "
        "section 20); --line-rate gives one");
    break;
  }
  constexpr double kSame = 0.01;
  for (const SuiteSizeResult& size : result.sizes) {
    if (!size.back_to_back || size.back_to_back->bursts.empty()) continue;
    const double sent = buffer_figures(*size.back_to_back).sent_fps / size.back_to_back->max_fps;
    if (sent > 1 - kSame && sent < 1 + kSame) continue;
    result.deviations.emplace_back(
        "back-to-back: bursts were not sent at the maximum rate (RFC 9004 section 5.3); the buffer "
        "is "
        "computed from the rate at which they were");
    return;
  }
}

Config describe_suite(const Settings& settings) {
  Config config = describe_test(settings.test);
  std::vector<std::string> tests, goals;
  for (const SuiteTest test : settings.suite.tests)
    tests.emplace_back(word_of(kSuiteTestWords, test));
  for (const GoalChoice& one : settings.search.goals) goals.push_back(one.goal.name);
  config.push_back({"tests", std::move(tests)});
  config.push_back({"quick", settings.suite.quick});
  config.push_back({"goals", std::move(goals)});
  config.push_back({"precision", settings.search.spec.precision});
  config.push_back({"settle_ns", settings.suite.settle.value_or(0)});
  return config;
}

Result<PreparedTest> prepare_suite(const Settings& settings, const JobContext& context) {
  Result<PreparedTest> prepared = prepare_test(settings.test, context);
  if (!prepared || !prepared->line_rate_bps) return prepared;
  const auto run = plan_suite(settings, *prepared->line_rate_bps);
  if (!run) return tl::unexpected(run.error());
  return prepared;
}

std::unique_ptr<Resetter> resetter_of(const Settings& settings, const SuiteSpec& spec,
                                      const JobContext& context) {
  // Before the counted traffic, when the rest is over: learning frames, and threads that begin.
  const Nanoseconds lead = settings.test.trial.warm_up + 50 * kMillisecond;
  if (settings.suite.reset_command.empty())
    return std::make_unique<ResetByOperator>(context.events, lead, spec.reset_duration);
  return std::make_unique<ResetCommand>(settings.suite.reset_command, lead, context.cancelled);
}

void settle_status(const SuiteFindings& found, RunReport& report) {
  if (found.interrupted) {
    report.status = RunStatus::kAborted;
    return;
  }
  const auto no_bound = [](const SearchResult& one) { return !one.lower_bound_fps; };
  const auto lacks = [](const SuiteSizeResult& one) { return lacks_answer(one); };
  if (std::any_of(report.searches.begin(), report.searches.end(), no_bound) ||
      std::any_of(report.suite->sizes.begin(), report.suite->sizes.end(), lacks))
    report.status = RunStatus::kInvalid;
}

Status run_rfc2544_job(const Settings& settings, const JobContext& context, RunReport& report) {
  const Result<PreparedTest> prepared = prepare_suite(settings, context);
  if (!prepared) return tl::unexpected(prepared.error());
  const Result<OpenPorts> ports = open_ports(settings.test, *prepared, context);
  if (!ports) return tl::unexpected(ports.error());
  describe_ports(*ports, settings.test, report);
  Result<SuiteRun> run = plan_suite(settings, ports->line_rate_bps);
  if (!run) return tl::unexpected(run.error());
  std::unique_ptr<PacketMeasurer> measurer;
  BesideBaselines known(*ports, settings, context.calibration_file, report);
  RestedMeasurer rested(settings.suite.settle.value_or(0), context.clock, context.cancelled);
  const auto log = LoggedMeasurer::open(settings.log, settings.verb, context.clock, report);
  if (!log) return tl::unexpected(log.error());
  const std::unique_ptr<Resetter> resetter = resetter_of(settings, run->spec, context);
  ResetAfterRest rested_first(*resetter, rested);
  ResetUnlessLogged reset(rested_first, **log);
  run->resetter = &reset;
  run->measurer_for = [&](std::size_t index) -> Result<Measurer*> {
    measurer.reset();
    const SizeChoice& size = settings.test.sizes[index];
    auto made = make_measurer(settings.test, profile_of(settings.test, size), *ports, context);
    if (!made) return tl::unexpected(made.error());
    measurer = std::move(*made);
    known.use(*measurer, size.key());
    rested.use(known);
    (*log)->use(rested);
    return log->get();
  };
  run->on_trial = [&](const TrialResult& trial) { context.events.trial(trial, report.hosts); };
  run->on_progress = [&](const SuiteProgress& progress) { context.events.suite(progress); };
  SuiteFindings found;
  Status ended = run_suite(*run, (*log)->clock(), found);
  report.searches = std::move(found.searches);
  report.trials = std::move(found.trials);
  report.suite = std::move(found.result);
  const std::vector<std::string> others = other_deviations(settings);
  std::vector<std::string>& deviations = report.suite->deviations;
  deviations.insert(deviations.end(), others.begin(), others.end());
  deviations_by_result(*report.suite);
  describe_counters(*ports, report);
  if (ended) settle_status(found, report);
  return ended;
}

// "12 s", "5 min", "9 h 20 min"
std::string about(Nanoseconds time) {
  const Nanoseconds whole = (time + kSecond - 1) / kSecond;
  if (whole < 120) return fmt::format("{} s", whole);
  if (whole < 7200) return fmt::format("{} min", (whole + 59) / 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

Nanoseconds time_of(SuiteTest test, const SuiteRun& run) {
  Nanoseconds all = 0;
  for (std::size_t i = 0; i < run.sizes.size(); ++i) {
    if (runs_for(test, run.sizes, i)) all += expected_time(test, run.spec, run.sizes[i]);
  }
  return all;
}

// The same settings at the other length, with what hangs on it.
Result<SuiteRun> at_length(Settings settings, bool quick) {
  if (settings.suite.quick != quick) {
    // What the user gave stays.
    const auto change = [quick](auto& value, auto in_full, auto when_quick) {
      if (value == (quick ? in_full : when_quick)) value = quick ? when_quick : in_full;
    };
    settings.suite.quick = quick;
    change(*settings.suite.settle, 5 * kSecond, Nanoseconds{0});
    change(settings.test.trial.end_when_complete, false, true);
    change(settings.test.trial.waiting_time, 2 * kSecond, 300 * kMillisecond);
    change(settings.search.spec.final_duration, 60 * kSecond, Nanoseconds{kSecond});
    for (GoalChoice& goal : settings.search.goals) {
      if (goal.goal.name != (quick ? "rfc2544" : "ndr")) continue;  // as the user wants it
      goal.final_duration = quick ? kSecond : 60 * kSecond;
      goal.duration_sum = goal.final_duration;
    }
  }
  // Durations alone are asked for: a rate that needs a line rate is known when the port is open.
  settings.suite.throughput.reset();
  settings.search.max_rate = {};
  settings.search.min_rate = {.kind = Rate::Kind::kPps, .value = 1};
  return plan_suite(settings, 0);
}

std::string schedule_text(const Settings& settings) {
  const auto full = at_length(settings, false);
  const auto quick = at_length(settings, true);
  if (!full || !quick) return {};
  const bool is_quick = settings.suite.quick;
  std::string text = fmt::format("{:<12}{:<14}{:>12}{:>12}\n", "tests",
                                 is_quick ? "(with --quick)" : "(in full)", "in full", "--quick");
  Nanoseconds all_full = 0, all_quick = 0;
  for (const SuiteTest test : settings.suite.tests) {
    const Nanoseconds long_time = time_of(test, *full);
    const Nanoseconds short_time = time_of(test, *quick);
    all_full += long_time;
    all_quick += short_time;
    text += fmt::format("{:<12}{:<14}{:>12}{:>12}\n", "", word_of(kSuiteTestWords, test),
                        about(long_time), about(short_time));
  }
  return text + fmt::format("{:<12}{:<14}{:>12}{:>12}\n", "", "all, about", about(all_full),
                            about(all_quick));
}

std::string describe_load(const Settings& settings) {
  std::string goals;
  for (const GoalChoice& one : settings.search.goals)
    goals += (goals.empty() ? "" : ", ") + one.goal.name;
  if (!runs(settings.suite, SuiteTest::kThroughput)) return "as each test requires";
  return fmt::format("searched for {} to {:g} %, then as each test requires", goals,
                     settings.search.spec.precision * 100);
}

Result<std::string> plan_rfc2544_job(const Settings& settings, const JobContext& context) {
  return prepare_suite(settings, context).map([&](const PreparedTest& prepared) {
    return schedule_text(settings) +
           plan_text(settings.test, prepared, context, describe_load(settings));
  });
}

}  // namespace

Result<SuiteRun> plan_suite(const Settings& settings, double line_rate_bps) {
  auto searches = plan_searches(settings, line_rate_bps);
  if (!searches) return tl::unexpected(searches.error());
  SuiteRun run{.spec = spec_of(settings)};
  for (SizeSearches& one : searches->sizes) {
    SuiteSize size{.name = one.name, .goals = std::move(one.goals)};
    limit_rates(settings, line_rate_bps, size);
    for (const SearchSpec& goal : size.goals) {
      if (const Status ok = check_search(goal); !ok) return tl::unexpected(ok.error());
    }
    if (Status given = give_throughput(settings, line_rate_bps, size); !given)
      return tl::unexpected(given.error());
    run.sizes.push_back(std::move(size));
  }
  return run;
}

const JobKind kRfc2544Job{Verb::kRfc2544, ReportKind::kRfc2544, describe_suite, run_rfc2544_job,
                          plan_rfc2544_job};

}  // namespace wireproof
