#include "tools/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "packet/headers.h"
#include "tools/header_settings.h"
#include "traffic/pacer.h"
#include "traffic/schedule.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

constexpr std::uint32_t kFrameSizeMax = 9'216;  // jumbo, as most switches have it
constexpr std::uint64_t kQueuesMax = 64;
constexpr std::uint64_t kRingMin = 64;
constexpr std::uint64_t kRingMax = 1u << 20;
constexpr std::string_view kNoReceiver = "none";  // of --rx
constexpr double kLeastFps = 0.1;

// Runs the parsers of one command one after another and keeps the first error, so that each flag is
// one line below.
class Reader {
 public:
  template <typename T, typename Into>
  void take(const Result<T>& parsed, Into& into) {
    if (parsed) {
      into = static_cast<Into>(*parsed);
    } else if (!error_) {
      error_ = parsed.error();
    }
  }
  void count(std::string_view flag, const std::string& text, std::uint64_t min, std::uint64_t max,
             auto& into, std::string_view example = {}) {
    if (!text.empty()) take(parse_count(flag, text, min, max, example), into);
  }
  void refuse(std::string message, std::string hint = {}) {
    if (!error_) error_ = Error{ErrorKind::kUsage, std::move(message), std::move(hint), 0};
  }
  template <typename T>
  void choose(std::string_view flag, const std::string& text,
              std::initializer_list<std::pair<std::string_view, T>> choices, T& into) {
    std::string known;
    for (const auto& [name, value] : choices) {
      if (name == text) {
        into = value;
        return;
      }
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    refuse(fmt::format("{} {}: unknown", flag, quote(text)), fmt::format("one of: {}", known));
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<Error> error_;
};

Result<std::vector<SizeChoice>> read_sizes(const std::string& text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
    const auto mix = parse_size_mix(text);
    if (!mix) return tl::unexpected(mix.error());
    return std::vector<SizeChoice>{{text, *mix}};
  }
  // What fits behind which headers is the template's to say, with the least size that works.
  const auto sizes = parse_size_list("--size", text, 1, kFrameSizeMax);
  if (!sizes) return tl::unexpected(sizes.error());
  std::vector<SizeChoice> choices;
  for (const std::uint32_t size : *sizes) choices.push_back({std::to_string(size), {size}});
  return choices;
}

void read_latency(const std::string& text, PacketTrialSpec& trial, Reader& reader) {
  if (text == "all" || text == "off") {
    trial.delay_every = text == "all" ? 1 : 0;
  } else if (text.starts_with("1/")) {
    reader.count("--latency 1/N", text.substr(2), 1, 1'000'000, trial.delay_every);
    if (text.size() == 2) reader.refuse("--latency 1/: N is missing", "write all, 1/100 or off");
  } else {
    reader.refuse(fmt::format("--latency {}: unknown", quote(text)), "write all, 1/100 or off");
  }
}

void read_pacing(const TestText& text, PacketTrialSpec& trial, Reader& reader) {
  reader.choose("--pacing", text.pacing,
                {std::pair<std::string_view, PacingMode>{"burst", PacingMode::kBurst},
                 {"precise", PacingMode::kPrecise}},
                trial.pacing);
  reader.choose("--schedule", text.schedule,
                {std::pair<std::string_view, ScheduleKind>{"constant", ScheduleKind::kConstant},
                 {"poisson", ScheduleKind::kPoisson},
                 {"bursty", ScheduleKind::kBursty}},
                trial.schedule);
  if (trial.schedule == ScheduleKind::kBursty) {
    if (text.burst_size.empty()) {
      reader.refuse("--schedule bursty: how many frames at once is not said",
                    "give --burst-size; RFC 2544 section 21 takes 16, 64, 256 and 1024");
    }
    reader.count("--burst-size", text.burst_size, 2, Pacer::kBurstMax, trial.burst_size);
    // What is due at once must be allowed to leave at once.
    trial.burst = std::max(trial.burst, trial.burst_size);
  } else if (!text.burst_size.empty()) {
    reader.refuse("--burst-size means nothing without --schedule bursty",
                  "give --schedule bursty, or leave --burst-size out");
  }
}

void read_tester(const TestText& text, TestSettings& test, Reader& reader) {
  reader.count("--queues", text.queues, 1, kQueuesMax, test.trial.queues);
  reader.count("--ring", text.ring, kRingMin, kRingMax, test.ring_frames, "4096");
  if (!std::has_single_bit(test.ring_frames)) {
    reader.refuse(fmt::format("--ring {}: not a power of two", test.ring_frames),
                  fmt::format("the next one is {}", std::bit_ceil(test.ring_frames)));
  }
  reader.count("--burst", text.burst, 1, Pacer::kBurstMax, test.trial.burst);
  if (!text.burst.empty()) test.trial.burst_room = test.trial.burst;
  reader.choose(
      "--tx-stamp", text.tx_stamp,
      {std::pair<std::string_view, TxStamp>{"burst", TxStamp::kBurst}, {"frame", TxStamp::kFrame}},
      test.trial.tx_stamp);
  read_pacing(text, test.trial, reader);
  test.idle_auto = text.idle == "auto";
  if (!test.idle_auto) {
    reader.choose("--idle", text.idle,
                  {std::pair<std::string_view, IdlePolicy>{"auto", IdlePolicy::kSleep},
                   {"spin", IdlePolicy::kSpin},
                   {"sleep", IdlePolicy::kSleep}},
                  test.trial.idle);
  }
  read_latency(text.latency, test.trial, reader);
  if (!text.tx_cores.empty()) {
    reader.take(parse_cpu_list("--tx-cores", text.tx_cores), test.tx_cores);
  }
  if (!text.rx_cores.empty()) {
    reader.take(parse_cpu_list("--rx-cores", text.rx_cores), test.rx_cores);
  }
  reader.take(parse_duration("--warm-up", text.warm_up, 0, 3600 * kSecond), test.trial.warm_up);
  reader.take(parse_duration("--drain", text.drain, kMillisecond, kDelayMax),
              test.trial.waiting_time);
  reader.take(parse_duration("--interval", text.interval, 10 * kMillisecond, 3600 * kSecond),
              test.trial.interval);
}

void read_line_rate(const std::string& text, TestSettings& test, Reader& reader) {
  if (text.empty()) return;
  Rate rate;
  reader.take(parse_rate("--line-rate", text), rate);
  if (rate.kind != Rate::Kind::kBps) {
    reader.refuse(fmt::format("--line-rate {}: not bits a second", quote(text)),
                  "write it as 10Gbps");
  }
  test.line_rate_bps = rate.value;
}

void read_test(const TestText& text, TestSettings& test, Reader& reader) {
  test.tx = text.tx;
  // The bare word alone: an interface called so is named with its backend.
  if (text.rx != kNoReceiver) test.rx = text.rx;
  test.bidirectional = text.bidirectional;
  test.allow_mgmt_interface = text.allow_mgmt_interface;
  test.use_calibration = !text.no_calibration;
  if (text.tx == kNoReceiver) {
    reader.refuse("--tx none: a test needs a port that sends",
                  "only --rx may be none; an interface called so is af_packet:none");
  }
  if (text.bidirectional && !test.rx) {
    reader.refuse("--bidirectional needs a receiving port, not --rx none",
                  "name the port at the other side of the device, or leave --bidirectional out");
  }
  reader.take(read_sizes(text.size), test.sizes);
  reader.choose<RateLayer>("--rate-layer", text.rate_layer,
                           {{"l1", RateLayer::kL1}, {"l2", RateLayer::kL2}, {"l3", RateLayer::kL3}},
                           test.rate_layer);
  read_line_rate(text.line_rate, test, reader);
  reader.count("--flows", text.flows, 1, kFlowsMax, test.profile.flows);
  reader.choose<bool>("--flow-order", text.flow_order, {{"permuted", true}, {"sequential", false}},
                      test.profile.permuted_order);
  read_tester(text, test, reader);
  reader.take(read_headers(text, test.profile), test.profile);
  if (reader.error()) return;
  if (is_socket_port(text.tx) && test.profile.flows > test.trial.queues) {
    reader.refuse(fmt::format("--flows {}: a UDP socket sends one flow", test.profile.flows),
                  fmt::format("use --flows {}, or a backend that owns the headers (af_xdp, "
                              "af_packet)",
                              test.trial.queues));
  }
  if (test.profile.flows < test.trial.queues) {
    reader.refuse(fmt::format("--queues {}: each queue needs a flow of its own, and --flows is {}",
                              test.trial.queues, test.profile.flows),
                  fmt::format("use --flows {} or more, or fewer queues", test.trial.queues));
  }
  fit_mixes(test);
  test.profile.sizes = test.sizes.front().sizes;
  test.profile.size_name = test.sizes.front().name;
}

Result<SearchGoal> read_goal(const std::string& text) {
  if (text == "ndr") return SearchGoal{"ndr", 0};
  if (text == "pdr") return SearchGoal{"pdr", 0.005};  // CSIT's partial drop rate
  if (text.starts_with("loss=")) {
    const auto ratio = parse_ratio("--goal loss=", text.substr(5));
    if (!ratio) return tl::unexpected(ratio.error());
    if (*ratio < 1) return SearchGoal{text, *ratio};
  }
  return fail(ErrorKind::kUsage, fmt::format("--goal {}: unknown", quote(text)),
              "write ndr, pdr, or loss=0.1% (below 100 %)");
}

void read_frame_log(const TrialText& text, TrialSettings& settings, Reader& reader) {
  constexpr std::size_t kDefaultFrames = 1'000'000;
  constexpr std::uint64_t kMostFrames = 1'000'000'000;
  settings.frame_log = text.frame_log;
  if (text.frame_log.empty()) {
    if (!text.frame_log_frames.empty()) {
      reader.refuse("--frame-log-frames means nothing without --frame-log",
                    "name the file with --frame-log, or leave --frame-log-frames out");
    }
    return;
  }
  if (!settings.test.rx) {
    reader.refuse("--frame-log: with --rx none nothing arrives",
                  "leave it out, or name a receiver");
  }
  settings.test.trial.log_frames = kDefaultFrames;
  reader.count("--frame-log-frames", text.frame_log_frames, 1, kMostFrames,
               settings.test.trial.log_frames);
}

// What could never be judged is refused: it would fail every time, or pass for want of a number.
void refuse_unmeasured(const Criterion& criterion, const TestSettings& test, Reader& reader) {
  const std::uint32_t every = test.trial.delay_every;
  if (criterion.needs == CriterionNeeds::kNothing) return;
  if (!test.rx) {
    reader.refuse(fmt::format("--fail-if {}: with --rx none nothing arrives", criterion.name),
                  "leave it out, or name a receiver");
  }
  const bool every_delay = criterion.needs == CriterionNeeds::kEveryDelay;
  if ((every_delay && every != 1) || (criterion.needs == CriterionNeeds::kDelays && every == 0)) {
    reader.refuse(fmt::format("--fail-if {}: {} not recorded", criterion.name,
                              every == 0 ? "delays are" : "the delay of every frame is"),
                  "give --latency all");
  }
}

void read_fail_if(const TrialText& text, TrialSettings& settings, Reader& reader) {
  for (const std::string& given : text.fail_if) {
    const auto criteria = parse_criteria("--fail-if", given);
    if (!criteria) return reader.refuse(criteria.error().message, criteria.error().hint);
    for (const Criterion& criterion : *criteria) {
      refuse_unmeasured(criterion, settings.test, reader);
      settings.fail_if.push_back(criterion);
    }
  }
}

}  // namespace

Result<TrialSettings> trial_settings(const TrialText& text) {
  TrialSettings settings;
  Reader reader;
  read_test(text.test, settings.test, reader);
  reader.take(parse_rate("--rate", text.rate), settings.rate);
  reader.take(parse_duration("--duration", text.duration, kMillisecond), settings.duration);
  read_fail_if(text, settings, reader);
  read_frame_log(text, settings, reader);
  if (text.test.rx == kNoReceiver && text.test.dst_mac.empty() && text.test.next_hop.empty()) {
    reader.refuse("--rx none: nobody says where the frames are to go",
                  is_socket_port(text.test.tx)
                      ? "name the receiving socket with --rx"
                      : "give --dst-mac, or --next-hop to have it resolved");
  }
  if (settings.rate.kind == Rate::Kind::kMax &&
      settings.test.trial.schedule != ScheduleKind::kConstant) {
    reader.refuse("--schedule means nothing with --rate max", "give a rate, or leave it out");
  }
  if (reader.error()) return tl::unexpected(*reader.error());
  return settings;
}

Result<SearchSettings> search_settings(const SearchText& text) {
  SearchSettings settings;
  Reader reader;
  read_test(text.test, settings.test, reader);
  settings.trial_command = text.trial_command;
  const bool ports = !text.test.tx.empty() && !text.test.rx.empty();
  if (settings.trial_command.empty() && !ports) {
    reader.refuse("search needs --tx and --rx", "or --trial-command to drive another tester");
  }
  if (!settings.test.rx) {
    reader.refuse("--rx none: a search needs a receiver", "name the port the frames come out of");
  }
  for (const std::string& goal :
       text.goals.empty() ? std::vector<std::string>{"ndr"} : text.goals) {
    SearchGoal one;
    reader.take(read_goal(goal), one);
    settings.goals.push_back(one);
  }
  SearchSpec& search = settings.search;
  reader.take(parse_ratio("--precision", text.precision), search.precision);
  if (search.precision < 1e-6 || search.precision > 0.5) {
    reader.refuse(
        fmt::format("--precision: {} is out of range: 0.0001% to 50%", quote(text.precision)),
        "write 0.5% or 0.005");
  }
  reader.take(parse_duration("--trial-duration", text.trial_duration, 10 * kMillisecond),
              search.trial_duration);
  search.final_duration = search.trial_duration;
  if (!text.final_duration.empty()) {
    reader.take(parse_duration("--final-duration", text.final_duration, search.trial_duration),
                search.final_duration);
  }
  if (!text.time_limit.empty()) {
    reader.take(parse_duration("--time-limit", text.time_limit, kSecond), search.time_limit);
  }
  reader.take(parse_rate("--max-rate", text.max_rate), settings.max_rate);
  reader.take(parse_rate("--min-rate", text.min_rate), settings.min_rate);
  if (settings.min_rate.kind == Rate::Kind::kMax)
    reader.refuse("--min-rate max: no room to search", "leave it out, or give a rate");
  if (reader.error()) return tl::unexpected(*reader.error());
  return settings;
}

Result<CalibrateSettings> calibrate_settings(const CalibrateText& text) {
  CalibrateSettings settings;
  Reader reader;
  read_test(text.test, settings.test, reader);
  if (!settings.test.rx) {
    reader.refuse("--rx none: a cable has two ends", "name the port the frames come out of");
  }
  if (!text.rate.empty()) {
    Rate rate;
    reader.take(parse_rate("--rate", text.rate), rate);
    settings.floor_fps = rate.value;
    if (rate.kind != Rate::Kind::kPps || rate.value < 1) {
      reader.refuse(
          fmt::format("--rate {}: not a gentle rate in frames a second", quote(text.rate)),
          "write it as 10kpps, or leave it out");
    }
  }
  if (!text.duration.empty()) {
    reader.take(parse_duration("--duration", text.duration, 100 * kMillisecond),
                settings.floor_duration);
  }
  reader.take(parse_ratio("--precision", text.precision), settings.ceiling.precision);
  if (settings.ceiling.precision < 1e-4 || settings.ceiling.precision > 0.5) {
    reader.refuse(
        fmt::format("--precision: {} is out of range: 0.01% to 50%", quote(text.precision)),
        "write 2% or 0.02");
  }
  reader.take(parse_duration("--trial-duration", text.trial_duration, 10 * kMillisecond),
              settings.ceiling.trial_duration);
  settings.ceiling.final_duration = settings.ceiling.trial_duration;
  if (settings.floor_fps > 0 && settings.floor_duration > 0 && !reader.error()) {
    const Status sends = check_sends(settings.floor_fps, settings.floor_duration, "--rate");
    if (!sends) return tl::unexpected(sends.error());
  }
  if (reader.error()) return tl::unexpected(*reader.error());
  return settings;
}

Status check_sends(double fps, Nanoseconds duration, std::string_view what) {
  if (frames_in(fps, duration) > 0) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("{}: {} for {} is not one frame", what, format_rate(fps),
                          format_duration(duration)),
              fmt::format("a trial that sends nothing says nothing: give {} or longer, or a higher "
                          "rate",
                          format_duration(static_cast<Nanoseconds>(std::ceil(1e9 / fps)))));
}

Result<double> rate_to_fps(const Rate& rate, std::string_view flag, const TestSettings& test,
                           double frame_size, double line_rate_bps) {
  double fps = rate.value;
  if (rate.kind == Rate::Kind::kPercent) {
    if (line_rate_bps <= 0) {
      return fail(ErrorKind::kUsage,
                  fmt::format("{}: the port has no line rate to take % of", flag),
                  "give the rate in pps or bps, or --line-rate");
    }
    fps = line_rate_fps(line_rate_bps, frame_size) * rate.value / 100;
  } else if (rate.kind == Rate::Kind::kBps) {
    double bytes = frame_size;
    if (test.rate_layer == RateLayer::kL1) bytes += kLineOverheadBytes;
    if (test.rate_layer == RateLayer::kL3) {
      bytes -=
          static_cast<double>(kEthernetLength + kFcsLength + (test.profile.vlan ? kVlanLength : 0));
    }
    fps = rate.value / (8 * bytes);
  }
  if (fps < kLeastFps) {
    return fail(ErrorKind::kUsage, fmt::format("{}: less than a frame in ten seconds", flag),
                "give a higher rate, such as 1pps");
  }
  return fps;
}

}  // namespace wireproof
