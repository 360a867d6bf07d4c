#include "job/dut_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "io/wire_options.h"

namespace wireproof {
namespace {

// Without a rate cap nothing says how fast frames come: room for this many a second of delay.
constexpr double kArrivalsFps = 1e6;
// 400 MB of buffers a direction: a longer delay has room for less than kArrivalsFps.
constexpr std::uint64_t kPoolFramesMax = 1u << 18;

bool impairs(const DutSettings& settings, bool b_to_a) {
  return !settings.only || (*settings.only == ImpairedWay::kBToA) == b_to_a;
}

}  // namespace

ForwardPathSpec path_spec(const DutSettings& settings, bool b_to_a) {
  ForwardPathSpec spec;
  spec.b_to_a = b_to_a;
  if (impairs(settings, b_to_a)) spec.wire = settings.wire;
  // The same seed both ways would lose the same frames both ways.
  if (b_to_a) spec.wire.seed = settings.wire.seed + 1;
  spec.pool_frames = static_cast<std::uint32_t>(
      std::min(pool_frames_needed(spec.wire, kArrivalsFps), kPoolFramesMax));
  return spec;
}

Config describe_dut(const DutSettings& settings) {
  const WireSpec& wire = settings.wire;
  Config config{{"a", settings.a},
                {"b", settings.b},
                {"impaired",
                 Config{{"a_to_b", impairs(settings, false)}, {"b_to_a", impairs(settings, true)}}},
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
    if (wire.excess_loss < 1) config.push_back({"excess_loss", wire.excess_loss});
    if (wire.blocked > 0) config.push_back({"blocked_ns", wire.blocked});
  }
  if (wire.outage > 0) {
    config.push_back({"outage_ns", wire.outage});
    config.push_back({"outage_every_ns", wire.outage_every});
  }
  config.push_back({"seed", wire.seed});
  config.push_back({"ring_frames", settings.ring_frames});
  config.push_back({"pool_frames", path_spec(settings, false).pool_frames});
  config.push_back({"idle", std::string(word_of(kIdlePolicyWords, settings.idle))});
  if (settings.duration) config.push_back({"duration_ns", *settings.duration});
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
    if (wire.excess_loss < 1) text += fmt::format("excess loss {:g}%, ", 100 * wire.excess_loss);
    if (wire.blocked > 0)
      text += fmt::format("blocked for {} after an overload, ", format_duration(wire.blocked));
  }
  if (wire.outage > 0)
    text += fmt::format("out of service for {} of each {}, ", format_duration(wire.outage),
                        format_duration(wire.outage_every));
  return text + fmt::format("seed {}", wire.seed);
}

}  // namespace wireproof
