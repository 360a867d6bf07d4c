// The rows that one verb has for itself: load, duration and what is judged.
#include "settings/goal_text.h"
#include "settings/table.h"

namespace wireproof {
namespace {

using forms::choice;
using forms::count;
using forms::duration;
using forms::rate;
using forms::word;

template <auto kMember>
auto trial() {
  return in<&Settings::trial, kMember>();
}
template <auto kMember>
auto search() {
  return in<&Settings::search, kMember>();
}
template <auto kMember>
auto calibrate() {
  return in<&Settings::calibrate, kMember>();
}

template <auto kMember>
auto spec() {
  return in<&Settings::search, &SearchSettings::spec, kMember>();
}
template <auto kMember>
auto ceiling() {
  return in<&Settings::calibrate, &CalibrateSettings::ceiling, kMember>();
}

// describe() rounds; this is read back the same.
std::string exact_criterion(const Criterion& one) {
  if (one.unit == CriterionUnit::kVerdict) return one.name;
  const bool ratio = one.unit == CriterionUnit::kRatio;
  return one.name + ">" +
         (ratio ? exact_ratio(one.limit) : exact_duration(static_cast<Nanoseconds>(one.limit)));
}

Form criteria() {
  return {.is_list = true,
          .read = [](std::string_view name, const std::string& text, Settings& into) -> Status {
            const auto criteria = parse_criteria(name, text);
            if (!criteria) return tl::unexpected(criteria.error());
            auto& all = into.trial.fail_if;
            all.insert(all.end(), criteria->begin(), criteria->end());
            return {};
          },
          .write = [](const Settings& from) -> std::optional<ConfigValue> {
            std::vector<std::string> texts;
            for (const Criterion& one : from.trial.fail_if) texts.push_back(exact_criterion(one));
            if (texts.empty()) return std::nullopt;
            return ConfigValue(std::move(texts));
          }};
}

Form goals() {
  return {.values = "ndr, pdr, loss=X, rfc2544, tst009, csit, FfDdLlEe",
          .is_list = true,
          .read = [](std::string_view name, const std::string& text, Settings& into) -> Status {
            Result<std::vector<GoalChoice>> goals = parse_goal(name, text);
            if (!goals) return tl::unexpected(goals.error());
            for (GoalChoice& goal : *goals) into.search.goals.push_back(std::move(goal));
            return {};
          },
          .write = [](const Settings& from) -> std::optional<ConfigValue> {
            std::vector<std::string> texts;
            for (const GoalChoice& one : from.search.goals) texts.push_back(one.goal.name);
            return ConfigValue(std::move(texts));
          }};
}

// 0 stands for: by the duration.
Form frame_count() {
  constexpr std::uint64_t kMost = 1'000'000'000'000;
  Form made = forms::count(1, kMost, in<&Settings::trial, &TrialSettings::frames>(), "1000");
  made.write = [](const Settings& from) -> std::optional<ConfigValue> {
    if (from.trial.frames == 0) return std::nullopt;
    return ConfigValue(from.trial.frames);
  };
  return made;
}

// "50kpps@60s"
Form rate_step() {
  return forms::form(
      "RATE@TIME", in<&Settings::trial, &TrialSettings::step>(),
      [](std::string_view name, const std::string& text) -> Result<StepSetting> {
        const std::size_t at = text.find('@');
        if (at == std::string::npos)
          return fail(ErrorKind::kUsage,
                      fmt::format("{} {}: not a rate and a time", name, quote(text)),
                      "write it as 50kpps@60s");
        const auto rate = parse_rate(name, text.substr(0, at));
        if (!rate) return tl::unexpected(rate.error());
        if (rate->kind == Rate::Kind::kMax)
          return fail(ErrorKind::kUsage, fmt::format("{} {}: not a rate", name, quote(text)),
                      "write it as 50kpps@60s");
        const auto time = parse_duration(name, text.substr(at + 1), kMillisecond, kLongestDuration);
        if (!time) return tl::unexpected(time.error());
        return StepSetting{*rate, *time};
      },
      [](const StepSetting& value) {
        return fmt::format("{}@{}", exact_rate(value.rate), exact_duration(value.at));
      });
}

// In frames a second: a floor is to be gentle, whatever the line.
Form floor_rate() {
  return forms::form(
      "frames a second", calibrate<&CalibrateSettings::floor_rate>(),
      [](std::string_view name, const std::string& text) -> Result<Rate> {
        const auto rate = parse_rate(name, text);
        if (!rate) return tl::unexpected(rate.error());
        if (rate->kind == Rate::Kind::kPps && rate->value >= 1) return *rate;
        return fail(
            ErrorKind::kUsage,
            fmt::format("{} {}: not a rate in frames a second of 1pps or more", name, quote(text)),
            "write it as 10kpps, or leave it out");
      },
      [](const Rate& value) { return exact_rate(value); });
}

}  // namespace

SettingRows trial_settings() {
  constexpr Verbs kTrial{Verb::kTrial};
  return {
      needed(kTrial, {"rate", "RATE", "1.5Mpps, 10Gbps, 50% of line rate, or max", kTrial,
                      Scope::kJob, rate(trial<&TrialSettings::rate>())}),
      {"duration", "TIME", "duration of the counted traffic: 10s, 500ms, 1m", kTrial, Scope::kJob,
       duration(kMillisecond, kLongestDuration, trial<&TrialSettings::duration>())},
      {"frames", "N", "end after N frames in each direction; with --rate max, back to back", kTrial,
       Scope::kJob, frame_count()},
      {"step", "STEP", "from a time on, another rate: 50kpps@60s", kTrial, Scope::kJob,
       rate_step()},
      {"fail-if", "CRITERIA", "exit 1 when this holds: loss>0.1%, delay_p99>1ms, ...; repeatable",
       kTrial, Scope::kJob, criteria()},
      {"frame-log", "FILE", "write every arrival as CSV to FILE", kTrial, Scope::kJob,
       word(trial<&TrialSettings::frame_log>())},
      {"frame-log-frames", "N", "frame log records to reserve for each receive queue", kTrial,
       Scope::kJob,
       forms::beside(trial<&TrialSettings::frame_log>(),
                     count(1, 1'000'000'000, trial<&TrialSettings::frame_log_frames>()))},
  };
}

SettingRows search_settings() {
  constexpr Verbs kSearch{Verb::kSearch};
  constexpr Verbs kSearches{Verb::kSearch, Verb::kRfc2544};
  return {
      {"goal", "GOAL",
       "ndr (no loss), pdr (0.5 %), loss=RATIO, or one of RFC 9971: csit, 60f60d0l0e; repeatable",
       kSearches, Scope::kJob, goals()},
      {"method", "WORD", "how loads are chosen: by bisection, or RFC 9971 (MLRsearch)", kSearch,
       Scope::kJob, choice(kSearchMethodWords, search<&SearchSettings::method>())},
      {"precision", "RATIO", "largest relative distance of the two bounds", kSearches, Scope::kJob,
       forms::ratio(1e-6, 0.5, "0.0001% to 50%", spec<&SearchSpec::precision>())},
      {"trial-duration", "TIME", "duration of each trial", kSearch, Scope::kJob,
       duration(10 * kMillisecond, kLongestDuration, spec<&SearchSpec::trial_duration>())},
      {"final-duration", "TIME",
       "duration of the confirming trial; default and minimum: --trial-duration", kSearch,
       Scope::kJob,
       duration(10 * kMillisecond, kLongestDuration, search<&SearchSettings::final_duration>())},
      {"max-rate", "RATE", "highest load that is tried", kSearches, Scope::kJob,
       rate(search<&SearchSettings::max_rate>())},
      {"min-rate", "RATE", "lowest load that is tried", kSearches, Scope::kJob,
       rate(search<&SearchSettings::min_rate>())},
      {"time-limit", "TIME", "end after this time with the results so far", kSearch, Scope::kJob,
       duration(kSecond, kLongestDuration, search<&SearchSettings::time_limit>())},
      {"log", "FILE", "write each trial to FILE as it ends, so that --resume can go on", kSearches,
       Scope::kCommandLine, word(in<&Settings::log, &TrialLogSettings::begin>())},
      {"resume", "FILE", "go on with the run whose --log is FILE, with the same flags", kSearches,
       Scope::kCommandLine, word(in<&Settings::log, &TrialLogSettings::resume>())},
      {"trial-command", "CMD", "run CMD for each trial instead of sending frames", kSearch,
       Scope::kJob, word(search<&SearchSettings::trial_command>())},
  };
}

SettingRows calibrate_settings() {
  constexpr Verbs kCalibrate{Verb::kCalibrate};
  return {
      {"rate", "RATE", "rate of the baseline delay; default: 10kpps, or 1 % of line rate if less",
       kCalibrate, Scope::kJob, floor_rate()},
      {"duration", "TIME",
       "duration of the baseline delay; default: 3 s, or 20,000 frames if longer", kCalibrate,
       Scope::kJob,
       duration(100 * kMillisecond, kLongestDuration,
                calibrate<&CalibrateSettings::floor_duration>())},
      {"precision", "RATIO", "relative precision of the baseline rate", kCalibrate, Scope::kJob,
       forms::ratio(1e-4, 0.5, "0.01% to 50%", ceiling<&SearchSpec::precision>())},
      {"trial-duration", "TIME", "duration of each trial of the baseline rate", kCalibrate,
       Scope::kJob,
       duration(10 * kMillisecond, kLongestDuration, ceiling<&SearchSpec::trial_duration>())},
  };
}

}  // namespace wireproof
