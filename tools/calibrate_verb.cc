#include "tools/calibrate_verb.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "report/calibration.h"
#include "search/bisect.h"
#include "tools/cleanup.h"
#include "tools/interrupt.h"
#include "tools/known_cables.h"
#include "tools/ports.h"
#include "tools/standard_streams.h"
#include "trial/derive.h"

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

TrafficProfile profile_of(const Settings& settings, const SizeChoice& choice) {
  TrafficProfile profile = settings.test.profile;
  profile.sizes = choice.sizes;
  profile.size_name = choice.name;
  return profile;
}

// Gives the trials of the whole calibration one run of numbers.
class NumberedTrials final : public Measurer {
 public:
  void use(Measurer& inner) { inner_ = &inner; }
  Result<TrialResult> measure(const TrialSpec& spec) override {
    TrialSpec numbered = spec;
    numbered.id = ++last_id_;
    return inner_->measure(numbered);
  }

 private:
  Measurer* inner_ = nullptr;
  std::uint64_t last_id_ = 0;
};

class Calibration {
 public:
  Calibration(const Settings& settings, const Session& session, const OpenPorts& ports,
              RunReport& report)
      : settings_(settings), session_(session), ports_(ports), report_(report) {}

  // What is complete when one fails, or the user stops it, stays in the report.
  Status run() {
    for (const SizeChoice& choice : settings_.test.sizes) {
      if (Status done = run_size(choice); !done) return done;
    }
    return {};
  }

 private:
  Status run_size(const SizeChoice& choice) {
    const TrafficProfile profile = profile_of(settings_, choice);
    auto measurer =
        PacketMeasurer::make(ports_.trial, profile, ports_.pair(settings_.test.bidirectional),
                             ports_.cores, session_.clock, interrupted(), {});
    if (!measurer) return tl::unexpected(measurer.error());
    tell_of_silence(**measurer, session_);
    trials_.use(**measurer);
    progress(fmt::format("{} bytes: floor", choice.name));
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
    TrialSpec spec{.frame_size = static_cast<std::uint32_t>(mean + 0.5),
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
  // had. A cable that loses frames is none.
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
                    fmt::format("this is no bare cable: at {:.0f} frames/s {}", spec.intended_fps,
                                trial->reason),
                    "connect the two ports to each other, with nothing in between");
      }
      if (!best || unsent(*trial) < unsent(*best)) best = *std::move(trial);
    }
    if (lost(*best) > 0 || unsent(*best) > kUnsentMost) {
      return fail(ErrorKind::kInvalid,
                  fmt::format("the tester cannot vouch for {:.0f} frames/s: {}", spec.intended_fps,
                              best->reason),
                  "see wireproof doctor, or give a lower --rate");
    }
    report_.notes.push_back(fmt::format("the floor of {} bytes is of the frames that were sent: {}",
                                        spec.frame_size, best->reason));
    return *std::move(best);
  }

  Result<CalibrationCeiling> find_ceiling(const std::string& name, const TrafficProfile& profile) {
    SearchSpec spec = settings_.calibrate.ceiling;
    spec.frame_size = static_cast<std::uint32_t>(mean_frame_size(profile) + 0.5);
    spec.mean_frame_size = mean_of_mix(profile);
    spec.invalid_retries = kInvalidRetries;
    spec.time_limit = kCeilingMost;
    const SearchProgress tell = [&](const SearchResult& so_far, Nanoseconds left) {
      progress(fmt::format("{} bytes: ceiling, trial {}, about {} s left", name,
                           so_far.trials.size(), (left + kSecond - 1) / kSecond));
    };
    Result<SearchResult> found = bisect(spec, trials_, session_.clock, tell);
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
      report_.notes.push_back(fmt::format("the ceiling of {} bytes: {}", name, found->reason));
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
    CalibrationEntry entry{.key = calibration_key(direction, ports_, settings_.test, report_, size),
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
    return fail(ErrorKind::kInterrupted, "interrupted: what was complete is kept");
  }

  void progress(const std::string& line) const {
    if (session_.output.quiet || isatty(STDERR_FILENO) == 0) return;
    say("\r\x1b[K" + line);
  }

  const Settings& settings_;
  const Session& session_;
  const OpenPorts& ports_;
  RunReport& report_;
  NumberedTrials trials_;
};

Status store(RunReport& report, const std::string& path) {
  if (report.calibrations.empty()) return {};
  const Result<std::string> note = store_calibrations(path, report.calibrations);
  if (!note) return tl::unexpected(note.error());
  if (!note->empty()) report.notes.push_back(*note);
  report.calibration_file = path;
  return {};
}

std::string describe_load(const Settings& settings) {
  const auto& floor_rate = settings.calibrate.floor_rate;
  const std::string rate = floor_rate
                               ? fmt::format("{:.0f} frames/s", floor_rate->value)
                               : fmt::format("{:.0f} frames/s, or 1 % of line rate", kGentleFps);
  return fmt::format("floor at {}; ceiling searched for to {:g} %, by trials of {}", rate,
                     settings.calibrate.ceiling.precision * 100,
                     format_duration(settings.calibrate.ceiling.trial_duration));
}

void describe_calibration(const Settings& settings, RunReport& report) {
  const CalibrateSettings& asked = settings.calibrate;
  if (asked.floor_rate) report.config.push_back({"floor_fps", asked.floor_rate->value});
  if (asked.floor_duration) report.config.push_back({"floor_duration_ns", *asked.floor_duration});
  report.config.push_back({"precision", asked.ceiling.precision});
  report.config.push_back({"trial_duration_ns", asked.ceiling.trial_duration});
}

}  // namespace

int run_calibrate(const Settings& settings, const Session& session) {
  RunReport report = begin_report(session, settings);
  report.config = describe_test(settings.test);
  describe_calibration(settings, report);
  const auto give_up = [&](const Error& error) {
    set_error(report, error);
    return finish(session, report);
  };
  if (const Status ok = check_output(session); !ok) return give_up(ok.error());
  if (!session.output.dry_run) undo_leftovers(report);
  const Result<PreparedTest> prepared = prepare_test(settings.test, session);
  if (!prepared) return give_up(prepared.error());
  if (session.output.dry_run) {
    return finish_dry_run(session, report,
                          describe_plan(settings.test, *prepared, describe_load(settings)));
  }
  const std::string path = calibration_path();
  if (const Status ok = check_calibration_storable(path); !ok) return give_up(ok.error());
  const Result<OpenPorts> ports = open_ports(settings.test, *prepared, session);
  if (!ports) return give_up(ports.error());
  describe_ports(*ports, settings.test, report);
  const Status done = Calibration(settings, session, *ports, report).run();
  if (!session.output.quiet && isatty(STDERR_FILENO) != 0) say("\r\x1b[K");
  describe_counters(*ports, report);
  const Status stored = store(report, path);
  if (!done) return give_up(done.error());
  if (!stored) return give_up(stored.error());
  return finish(session, report);
}

}  // namespace wireproof
