#include "settings/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/exact_text.h"
#include "settings/loads.h"
#include "settings/ports.h"

namespace wireproof {
namespace {

Status settle_pacing(TestSettings& test, const Names& names) {
  PacketTrialSpec& trial = test.trial;
  const bool bursty = trial.schedule == ScheduleKind::kBursty;
  if (bursty && !test.burst_size) {
    return refuse(fmt::format("{} bursty needs {}", names("schedule"), names("burst-size")),
                  fmt::format("give {}; RFC 2544 section 21 takes 16, 64, 256 and 1024",
                              names("burst-size")));
  }
  if (!bursty && test.burst_size) {
    return refuse(
        fmt::format("{} has no effect without {} bursty", names("burst-size"), names("schedule")),
        fmt::format("give {} bursty, or leave {} out", names("schedule"), names("burst-size")));
  }
  trial.burst = test.burst.value_or(trial.burst);
  trial.burst_room = test.burst;
  trial.burst_size = test.burst_size.value_or(1);
  // What is due at once must be allowed to leave at once.
  if (bursty) trial.burst = std::max(trial.burst, trial.burst_size);
  return {};
}

Status settle_ports(TestSettings& test, const Names& names) {
  if (test.tx == "none") {
    return refuse(
        fmt::format("{} none: a test needs a port that sends", names("tx")),
        fmt::format("only {} may be none; for an interface with this name write af_packet:none",
                    names("rx")));
  }
  if (test.bidirectional && !test.rx && names.given("rx")) {
    return refuse(
        fmt::format("{} needs a receiving port, not {} none", names("bidirectional"), names("rx")),
        fmt::format("name the port at the other side of the device, or leave {} out",
                    names("bidirectional")));
  }
  return {};
}

Status settle_test(TestSettings& test, const Names& names) {
  if (Status ok = settle_ports(test, names); !ok) return ok;
  if (!std::has_single_bit(test.ring_frames)) {
    return refuse(fmt::format("{} {}: not a power of two", names("ring"), test.ring_frames),
                  fmt::format("the next one is {}", std::bit_ceil(test.ring_frames)));
  }
  if (Status ok = settle_pacing(test, names); !ok) return ok;
  return settle_traffic(test, names);
}

// What could never be judged is refused: it would fail every time, or pass for want of a number.
Status check_measured(const Criterion& criterion, const TestSettings& test, const Names& names) {
  const std::uint32_t every = test.trial.delay_every;
  if (criterion.needs == CriterionNeeds::kNothing) return {};
  if (!test.rx) {
    return refuse(fmt::format("{} {}: with {} none nothing arrives", names("fail-if"),
                              criterion.name, names("rx")),
                  "leave it out, or name a receiver");
  }
  const bool every_delay = criterion.needs == CriterionNeeds::kEveryDelay;
  if ((every_delay && every != 1) || (criterion.needs == CriterionNeeds::kDelays && every == 0)) {
    return refuse(fmt::format("{} {}: {} not recorded", names("fail-if"), criterion.name,
                              every == 0 ? "delays are" : "the delay of every frame is"),
                  fmt::format("give {} all", names("latency")));
  }
  return {};
}

Status settle_frame_log(Settings& settings, const Names& names) {
  if (settings.trial.frame_log.empty()) {
    if (!names.given("frame-log-frames")) return {};
    return refuse(
        fmt::format("{} has no effect without {}", names("frame-log-frames"), names("frame-log")),
        fmt::format("name the file with {}, or leave {} out", names("frame-log"),
                    names("frame-log-frames")));
  }
  if (!settings.test.rx) {
    return refuse(fmt::format("{}: with {} none nothing arrives", names("frame-log"), names("rx")),
                  "leave it out, or name a receiver");
  }
  settings.test.trial.log_frames = settings.trial.frame_log_frames;
  return {};
}

// What ends a trial, and what changes in it.
Status settle_course(const TrialSettings& trial, const Names& names) {
  const bool max = trial.rate.kind == Rate::Kind::kMax;
  if (trial.frames > 0 && !max && names.given("duration"))
    return refuse(fmt::format("{} and {}: with a rate, one says the other", names("frames"),
                              names("duration")),
                  "give one of them");
  if (!trial.step) return {};
  if (max)
    return refuse(fmt::format("{} has no effect with {} max", names("step"), names("rate")),
                  "give a rate, or leave it out");
  if (trial.frames > 0)
    return refuse(fmt::format("{} and {}: a step needs a duration", names("frames"), names("step")),
                  fmt::format("give {}", names("duration")));
  if (trial.step->at >= trial.duration)
    return refuse(fmt::format("{} at {}: the trial is over by then", names("step"),
                              exact_duration(trial.step->at)),
                  "give an earlier step, or a longer duration");
  return {};
}

Status settle_trial(Settings& settings, const Names& names) {
  TestSettings& test = settings.test;
  if (Status ok = settle_test(test, names); !ok) return ok;
  for (const Criterion& criterion : settings.trial.fail_if) {
    if (Status ok = check_measured(criterion, test, names); !ok) return ok;
  }
  if (Status ok = settle_frame_log(settings, names); !ok) return ok;
  if (!test.rx && !names.given("dst-mac") && !names.given("next-hop")) {
    return refuse(fmt::format("{} none: the destination of the frames is unknown", names("rx")),
                  is_socket_port(test.tx)
                      ? fmt::format("name the receiving socket with {}", names("rx"))
                      : fmt::format("give {}, or {} to have it resolved", names("dst-mac"),
                                    names("next-hop")));
  }
  if (settings.trial.rate.kind == Rate::Kind::kMax &&
      test.trial.schedule != ScheduleKind::kConstant) {
    return refuse(fmt::format("{} has no effect with {} max", names("schedule"), names("rate")),
                  "give a rate, or leave it out");
  }
  return settle_course(settings.trial, names);
}

Status settle_goals(SearchSettings& search, const Names& names) {
  if (search.goals.empty()) search.goals.push_back({});
  if (search.method == SearchMethod::kMlr) return {};
  for (const GoalChoice& one : search.goals) {
    if (!one.needs_several_trials()) continue;
    return refuse(fmt::format("{} {}: several trials decide a load, and with {} bisect one does",
                              names("goal"), one.goal.name, names("method")),
                  fmt::format("give {} mlr", names("method")));
  }
  return {};
}

Status settle_log(const TrialLogSettings& log, const Names& names) {
  if (log.begin.empty() || log.resume.empty()) return {};
  return refuse(fmt::format("{} and {}: a run that goes on writes to the log it has", names("log"),
                            names("resume")),
                "give one of them");
}

Status settle_search(Settings& settings, const Names& names) {
  if (Status ok = settle_log(settings.log, names); !ok) return ok;
  SearchSettings& search = settings.search;
  const bool ports = names.given("tx") && names.given("rx");
  if (search.trial_command.empty() && !ports) {
    return refuse(fmt::format("search needs {} and {}", names("tx"), names("rx")),
                  fmt::format("or {} to drive another tester", names("trial-command")));
  }
  if (names.given("rx") && !settings.test.rx) {
    return refuse(fmt::format("{} none: a search needs a receiver", names("rx")),
                  "name the port the frames come out of");
  }
  if (Status ok = settle_test(settings.test, names); !ok) return ok;
  if (Status ok = settle_goals(search, names); !ok) return ok;
  SearchSpec& spec = search.spec;
  spec.final_duration = search.final_duration.value_or(spec.trial_duration);
  if (spec.final_duration < spec.trial_duration) {
    return refuse(
        fmt::format("{} {} is out of range: {} to {}", names("final-duration"),
                    exact_duration(spec.final_duration), exact_duration(spec.trial_duration),
                    exact_duration(kLongestDuration)),
        "the confirming trial must not be shorter than the others");
  }
  spec.time_limit = search.time_limit.value_or(0);
  for (const GoalChoice& one : search.goals) {
    const Nanoseconds needed = std::max(one.duration_sum, spec.final_duration);
    if (spec.time_limit == 0 || needed <= spec.time_limit) continue;
    return refuse(
        fmt::format("{} {}: {} alone takes trials of {}", names("time-limit"),
                    exact_duration(spec.time_limit), one.goal.name, exact_duration(needed)),
        "give more time, or a goal of shorter trials");
  }
  if (search.min_rate.kind == Rate::Kind::kMax) {
    return refuse(fmt::format("{} max: there is no range to search", names("min-rate")),
                  "leave it out, or give a rate");
  }
  return {};
}

Status settle_rfc2544(Settings& settings, const Names& names) {
  if (Status ok = settle_log(settings.log, names); !ok) return ok;
  if (Status ok = begin_suite(settings, names); !ok) return ok;
  if (Status ok = settle_test(settings.test, names); !ok) return ok;
  return settle_suite(settings, names);
}

Status settle_calibrate(Settings& settings, const Names& names) {
  CalibrateSettings& calibrate = settings.calibrate;
  if (!settings.test.rx) {
    return refuse(fmt::format("{} none: calibrate needs a receiving port", names("rx")),
                  "name the port the frames come out of");
  }
  if (Status ok = settle_test(settings.test, names); !ok) return ok;
  calibrate.ceiling.final_duration = calibrate.ceiling.trial_duration;
  settings.test.trial.end_when_complete = true;  // a cable makes no copies to wait for
  if (!calibrate.floor_rate || !calibrate.floor_duration) return {};
  return check_sends(calibrate.floor_rate->value, *calibrate.floor_duration, names("rate"));
}

}  // namespace

Status settle(Settings& settings, const Names& names) {
  switch (settings.verb) {
    case Verb::kTrial:
      return settle_trial(settings, names);
    case Verb::kSearch:
      return settle_search(settings, names);
    case Verb::kRfc2544:
      return settle_rfc2544(settings, names);
    case Verb::kCalibrate:
      return settle_calibrate(settings, names);
    case Verb::kDut:
      return settle_dut(settings.dut, names);
    case Verb::kBackends:
    case Verb::kDoctor:
    case Verb::kCleanup:
      break;
  }
  return {};
}

}  // namespace wireproof
