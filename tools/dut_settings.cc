#include "tools/dut_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "base/cpu.h"
#include "base/units.h"
#include "io/wire_options.h"

namespace wireproof {
namespace {

constexpr std::uint64_t kRingMin = 64;
constexpr std::uint64_t kRingMax = 1u << 20;
constexpr std::uint64_t kLogFramesMax = 1'000'000'000;
// Without a rate cap nothing says how fast frames come: room for this many a second of delay.
constexpr double kArrivalsFps = 1e6;
// 400 MB of buffers a direction: a longer delay has room for less than kArrivalsFps.
constexpr std::uint64_t kPoolFramesMax = 1u << 18;

Status read_words(const DutText& text, DutSettings& settings) {
  if (!text.only.empty() && text.only != "a-to-b" && text.only != "b-to-a") {
    return fail(ErrorKind::kUsage, fmt::format("--only {}: not a direction", quote(text.only)),
                "one of: a-to-b, b-to-a");
  }
  settings.impair_a_to_b = text.only != "b-to-a";
  settings.impair_b_to_a = text.only != "a-to-b";
  if (text.idle != "sleep" && text.idle != "spin") {
    return fail(ErrorKind::kUsage, fmt::format("--idle {}: unknown", quote(text.idle)),
                "one of: spin, sleep");
  }
  if (text.idle == "spin") settings.idle = IdlePolicy::kSpin;
  if (!text.log_frames.empty() && text.log.empty()) {
    return fail(ErrorKind::kUsage, "--log-frames means nothing without --log",
                "name the file with --log, or leave --log-frames out");
  }
  return {};
}

Status read_counts(const DutText& text, DutSettings& settings) {
  const auto ring = parse_count("--ring", text.ring, kRingMin, kRingMax, "4096");
  if (!ring) return tl::unexpected(ring.error());
  if (!std::has_single_bit(*ring)) {
    return fail(ErrorKind::kUsage, fmt::format("--ring {}: not a power of two", *ring),
                fmt::format("the next one is {}", std::bit_ceil(*ring)));
  }
  settings.ring_frames = static_cast<std::uint32_t>(*ring);
  if (!text.log_frames.empty()) {
    const auto frames = parse_count("--log-frames", text.log_frames, 1, kLogFramesMax);
    if (!frames) return tl::unexpected(frames.error());
    settings.log_frames = static_cast<std::uint32_t>(*frames);
  }
  if (!text.core.empty()) {
    const auto core = parse_count("--core", text.core, 0, kCpuMax);
    if (!core) return tl::unexpected(core.error());
    const CpuList allowed = allowed_cpus();
    if (std::find(allowed.begin(), allowed.end(), *core) == allowed.end()) {
      return fail(ErrorKind::kUsage,
                  fmt::format("--core {}: this process may not run there", *core),
                  fmt::format("allowed cores: {}", fmt::join(allowed, ",")));
    }
    settings.core = static_cast<unsigned>(*core);
  }
  if (text.duration.empty()) return {};
  const auto duration = parse_duration("--duration", text.duration);
  if (!duration) return tl::unexpected(duration.error());
  settings.duration = *duration;
  return {};
}

}  // namespace

Result<DutSettings> dut_settings(const DutText& text) {
  DutSettings settings;
  settings.a = text.a;
  settings.b = text.b;
  settings.allow_mgmt_interface = text.allow_mgmt_interface;
  settings.log = text.log;
  Result<WireSpec> wire = parse_wire_options(text.wire);
  if (!wire) {
    // Its messages begin with the option, which is a flag here.
    wire.error().message.insert(0, "--");
    return tl::unexpected(wire.error());
  }
  settings.wire = *wire;
  if (const Status ok = read_words(text, settings); !ok) return tl::unexpected(ok.error());
  if (const Status ok = read_counts(text, settings); !ok) return tl::unexpected(ok.error());
  return settings;
}

ForwardPathSpec path_spec(const DutSettings& settings, bool b_to_a) {
  ForwardPathSpec spec;
  spec.b_to_a = b_to_a;
  if (b_to_a ? settings.impair_b_to_a : settings.impair_a_to_b) spec.wire = settings.wire;
  // The same seed both ways would lose the same frames both ways.
  if (b_to_a) spec.wire.seed = settings.wire.seed + 1;
  spec.pool_frames = static_cast<std::uint32_t>(
      std::min(pool_frames_needed(spec.wire, kArrivalsFps), kPoolFramesMax));
  return spec;
}

Config describe_dut(const DutSettings& settings) {
  const WireSpec& wire = settings.wire;
  Config config{
      {"a", settings.a},
      {"b", settings.b},
      {"impaired", Config{{"a_to_b", settings.impair_a_to_b}, {"b_to_a", settings.impair_b_to_a}}},
      {"loss", wire.loss},
      {"duplicate", wire.duplicate},
      {"corrupt", wire.corrupt},
      {"reorder", wire.reorder}};
  if (wire.reorder > 0) config.push_back({"reorder_by", wire.reorder_by});
  config.push_back({"delay_ns", wire.delay});
  if (wire.jitter > 0) config.push_back({"jitter_ns", wire.jitter});
  if (wire.rate_fps > 0) {
    config.push_back({"rate_fps", wire.rate_fps});
    config.push_back({"queue_frames", wire.queue_frames});
  }
  config.push_back({"seed", wire.seed});
  config.push_back({"ring_frames", settings.ring_frames});
  config.push_back({"pool_frames", path_spec(settings, false).pool_frames});
  config.push_back({"idle", settings.idle == IdlePolicy::kSpin ? "spin" : "sleep"});
  if (settings.duration > 0) config.push_back({"duration_ns", settings.duration});
  if (!settings.log.empty()) {
    config.push_back({"log", settings.log});
    config.push_back({"log_frames", settings.log_frames});
  }
  return config;
}

std::string describe_wire(const WireSpec& wire) {
  if (is_clean(wire)) return "as they are";
  std::string text;
  const auto part = [&text](const char* name, double value) {
    if (value > 0) text += fmt::format("{} {:g}%, ", name, 100 * value);
  };
  part("loss", wire.loss);
  part("duplicate", wire.duplicate);
  part("corrupt", wire.corrupt);
  part("reorder", wire.reorder);
  if (wire.delay > 0) text += fmt::format("delay {}, ", format_duration(wire.delay));
  if (wire.jitter > 0) text += fmt::format("jitter {}, ", format_duration(wire.jitter));
  if (wire.rate_fps > 0) {
    text += fmt::format("rate {}, queue {}, ", format_rate(wire.rate_fps), wire.queue_frames);
  }
  return text + fmt::format("seed {}", wire.seed);
}

}  // namespace wireproof
