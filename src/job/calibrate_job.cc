#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "job/describe.h"
#include "job/kinds.h"
#include "job/known_baselines.h"
#include "job/test_ports.h"
#include "report/calibration.h"
#include "search/bisect.h"
#include "settings/loads.h"
#include "trial/derive.h"
#include "trial/numbered.h"

namespace wireproof {
namespace {

constexpr double kGentleFps = 10'000;
constexpr double kGentleShare = 0.01;  // of line rate: no queue of a real port builds up
// A p99.9 needs ten samples beyond it; twice that, so that it does not hang on one of them.
constexpr double kFloorFrames = 20'000;
constexpr Nanoseconds kFloorLeast = 3 * kSecond;
constexpr Nanoseconds kFloorMost = 60 * kSecond;
constexpr int kFloorAttempts = 3;
// What limits the tester here is the answer, so a load is not tried as often as a device's would
// be.
constexpr unsigned kInvalidRetries = 1;
constexpr Nanoseconds kCeilingMost = 45 * kSecond;  // a size
constexpr double kUnsentMost = 0.2;  // of the intended: the load was another one beyond it

// The worse direction's share of the intended frames that were not sent.
double unsent(const TrialResult& trial) {
  double worst = 0;
  for (const DirectionResult& direction : trial.directions) {
    const Counts& counts = direction.counts;
    if (counts.intended == 0) return 1;
    worst =
        std::max(worst, static_cast<double>(counts.unsent) / static_cast<double>(counts.intended));
  }
  return worst;
}

std::uint64_t lost(const TrialResult& trial) {
  std::uint64_t sum = 0;
  for (const DirectionResult& direction : trial.directions) sum += direction.counts.lost;
  return sum;
}

class Calibration {
 public:
  Calibration(const Settings& settings, const JobContext& context, const OpenPorts& ports,
              RunReport& report)
      : settings_(settings), context_(context), ports_(ports), report_(report) {}

  // What is complete when one fails, or the user stops it, stays in the report.
  Status run() {
    for (const SizeChoice& choice : settings_.test.sizes) {
      if (Status done = run_size(choice); !done) return done;
    }
    return {};
  }

 private:
  Status run_size(const SizeChoice& choice) {
    const TrafficProfile profile = profile_of(settings_.test, choice);
    auto measurer = make_measurer(settings_.test, profile, ports_, context_);
    if (!measurer) return tl::unexpected(measurer.error());
    trials_.use(**measurer);
    progress(fmt::format("{} bytes: baseline delay", choice.name));
    const Result<TrialResult> gentle = measure_floor(profile);
    if (!gentle) return tl::unexpected(gentle.error());
    const Result<CalibrationCeiling> ceiling = find_ceiling(choice.name, profile);
    if (!ceiling) return tl::unexpected(ceiling.error());
    for (const DirectionResult& direction : gentle->directions) {
      report_.calibrations.push_back(entry(direction, *gentle, *ceiling, choice.key()));
    }
    return {};
  }

  [[nodiscard]] TrialSpec floor_spec(const TrafficProfile& profile) const {
    const double mean = mean_frame_size(profile);
    const double line_fps =
        ports_.line_rate_bps > 0 ? line_rate_fps(ports_.line_rate_bps, mean) : INFINITY;
    TrialSpec spec{.frame_size = nominal_frame_size(profile),
                   .mean_frame_size = mean_of_mix(profile)};
    const CalibrateSettings& asked = settings_.calibrate;
    spec.intended_fps =
        asked.floor_rate ? asked.floor_rate->value : std::min(kGentleFps, kGentleShare * line_fps);
    spec.duration = asked.floor_duration.value_or(0);
    if (spec.duration == 0) {
      const auto enough =
          static_cast<Nanoseconds>(std::ceil(kFloorFrames / spec.intended_fps * 1e9));
      spec.duration = std::clamp(enough, kFloorLeast, kFloorMost);
    }
    return spec;
  }

  // A trial that passed or, on a machine that never leaves the sender alone, the one of several
  // that came nearest to it: what was not sent in time has no delay, what was sent has the one it
  // had. Where frames are lost there is something between the ports.
  Result<TrialResult> measure_floor(const TrafficProfile& profile) {
    const TrialSpec spec = floor_spec(profile);
    std::optional<TrialResult> best;
    for (int attempt = 0; attempt < kFloorAttempts; ++attempt) {
      Result<TrialResult> trial = trials_.measure(spec);
      if (!trial) return trial;
      report_.trials.push_back(*trial);
      if (trial->interrupted) return stopped();
      if (trial->verdict == Verdict::kPass) return trial;
      if (trial->verdict == Verdict::kFail) {
        return fail(ErrorKind::kInvalid,
                    fmt::format("the ports are not back to back: at {:.0f} frames/s {}",
                                spec.intended_fps, trial->reason),
                    "connect the two ports to each other, with nothing in between");
      }
      if (!best || unsent(*trial) < unsent(*best)) best = *std::move(trial);
    }
    if (lost(*best) > 0 || unsent(*best) > kUnsentMost) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("the tester cannot guarantee {:.0f} frames/s: {}", spec.intended_fps,
                              best->reason),
                  "see wireproof doctor, or give a lower --rate");
    }
    report_.notes.push_back(
        fmt::format("the baseline of {} bytes covers only the frames that were sent: {}",
                    spec.frame_size, best->reason));
    return *std::move(best);
  }

  Result<CalibrationCeiling> find_ceiling(const std::string& name, const TrafficProfile& profile) {
    SearchSpec spec = settings_.calibrate.ceiling;
    spec.frame_size = nominal_frame_size(profile);
    spec.mean_frame_size = mean_of_mix(profile);
    spec.invalid_retries = kInvalidRetries;
    spec.time_limit = kCeilingMost;
    const SearchProgress tell = [&](const SearchResult& so_far, Nanoseconds left) {
      progress(fmt::format("{} bytes: baseline rate, trial {}, about {} s left", name,
                           so_far.trials.size(), (left + kSecond - 1) / kSecond));
    };
    Result<SearchResult> found = bisect(spec, trials_, context_.clock, tell);
    if (!found) return tl::unexpected(found.error());
    report_.searches.push_back(*found);
    if (found->error) return tl::unexpected(*found->error);
    if (found->interrupted) return stopped();
    if (!found->lower_bound_fps) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("no load of {} bytes passed without loss: {}", name, found->reason),
                  "see wireproof doctor");
    }
    if (!found->regular) {
      report_.notes.push_back(
          fmt::format("the baseline rate of {} bytes: {}", name, found->reason));
    }
    return CalibrationCeiling{.lossless_fps = *found->lower_bound_fps,
                              .precision = spec.precision,
                              .trial_duration = spec.trial_duration,
                              .tester_limited = found->tester_limited,
                              .regular = found->regular};
  }

  [[nodiscard]] CalibrationEntry entry(const DirectionResult& direction, const TrialResult& gentle,
                                       const CalibrationCeiling& ceiling,
                                       const std::string& size) const {
    CalibrationEntry entry{.key = calibration_key(direction, ports_, settings_, report_, size),
                           .calibrated_at = rfc3339_utc(report_.started_at_unix_ns),
                           .ceiling = ceiling};
    if (direction.delay && direction.delay->actual.samples > 0) {
      entry.floor = CalibrationFloor{.load_fps = gentle.spec.intended_fps,
                                     .duration = gentle.duration,
                                     .delay = direction.delay->actual,
                                     .tx_span_max = direction.delay->tx_span_max};
    }
    return entry;
  }

  [[nodiscard]] static tl::unexpected<Error> stopped() {
    return fail(ErrorKind::kInterrupted, "interrupted: complete sizes are stored");
  }

  void progress(const std::string& line) const { context_.events.progress(line); }

  const Settings& settings_;
  const JobContext& context_;
  const OpenPorts& ports_;
  RunReport& report_;
  NumberedMeasurer trials_;
};

Status store(RunReport& report, const std::string& path) {
  if (report.calibrations.empty()) return {};
  const Result<std::string> note = store_calibrations(path, report.calibrations);
  if (!note) return tl::unexpected(note.error());
  if (!note->empty()) report.notes.push_back(*note);
  report.calibration_file = path;
  return {};
}

std::string describe_calibration_loads(const Settings& settings) {
  const auto& floor_rate = settings.calibrate.floor_rate;
  const std::string rate = floor_rate
                               ? fmt::format("{:.0f} frames/s", floor_rate->value)
                               : fmt::format("{:.0f} frames/s, or 1 % of line rate", kGentleFps);
  return fmt::format("baseline delay at {}; baseline rate by a search to {:g} %, with trials of {}",
                     rate, settings.calibrate.ceiling.precision * 100,
                     format_duration(settings.calibrate.ceiling.trial_duration));
}

Config describe_calibration(const Settings& settings) {
  Config config = describe_test(settings.test);
  const CalibrateSettings& asked = settings.calibrate;
  if (asked.floor_rate) config.push_back({"floor_fps", asked.floor_rate->value});
  if (asked.floor_duration) config.push_back({"floor_duration_ns", *asked.floor_duration});
  config.push_back({"precision", asked.ceiling.precision});
  config.push_back({"trial_duration_ns", asked.ceiling.trial_duration});
  return config;
}

Result<std::string> plan_calibrate_job(const Settings& settings, const JobContext& context) {
  return prepare_test(settings.test, context).map([&](const PreparedTest& prepared) {
    return plan_text(settings.test, prepared, context, describe_calibration_loads(settings));
  });
}

Status run_calibrate_job(const Settings& settings, const JobContext& context, RunReport& report) {
  const Result<PreparedTest> prepared = prepare_test(settings.test, context);
  if (!prepared) return tl::unexpected(prepared.error());
  const std::string& path = context.calibration_file;
  if (Status ok = check_calibration_storable(path); !ok) return ok;
  const Result<OpenPorts> ports = open_ports(settings.test, *prepared, context);
  if (!ports) return tl::unexpected(ports.error());
  describe_ports(*ports, settings.test, report);
  Status done = Calibration(settings, context, *ports, report).run();
  describe_counters(*ports, report);
  Status stored = store(report, path);
  return done ? stored : done;
}

}  // namespace

const JobKind kCalibrateJob{Verb::kCalibrate, ReportKind::kCalibration, describe_calibration,
                            run_calibrate_job, plan_calibrate_job};

}  // namespace wireproof
