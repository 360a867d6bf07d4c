// The rows of the device, and what they ask of one another.
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "io/wire_options.h"
#include "settings/rules.h"
#include "settings/table.h"

namespace wireproof {
namespace {

using forms::count;
using forms::word;

constexpr Verbs kDut{Verb::kDut};

template <auto kMember>
auto dut() {
  return in<&Settings::dut, kMember>();
}

// The wire's words are read together, as those of a loopback port are.
Setting wire_setting(std::string_view name, std::string_view argument, std::string_view help) {
  return {name,
          argument,
          help,
          kDut,
          Scope::kJob,
          {.values = std::string(wire_option_values(name)),
           .read = [name](std::string_view, const std::string& text, Settings& into) -> Status {
             into.dut.wire_words[std::string(name)] = text;
             return {};
           },
           .write = [name](const Settings& from) -> std::optional<ConfigValue> {
             std::string text = wire_option_text(from.dut.wire, name);
             if (text.empty()) return std::nullopt;
             return ConfigValue(std::move(text));
           },
           .write_default = [name](const Settings& from) -> std::optional<ConfigValue> {
             WireSpec spec = from.dut.wire;
             // So that what means nothing without them is told.
             if (name != "reorder") spec.reorder = 1;
             if (name != "rate") spec.rate_fps = 1;
             if (name != "outage") spec.outage = 1;
             std::string text = wire_option_text(spec, name);
             if (text.empty()) return std::nullopt;
             return ConfigValue(std::move(text));
           }}};
}

}  // namespace

SettingRows dut_settings() {
  return {
      needed(kDut, {"a", "PORT", "one port: BACKEND:DEVICE[,key=value...]", kDut, Scope::kJob,
                    word(dut<&DutSettings::a>())}),
      needed(kDut,
             {"b", "PORT", "the other port", kDut, Scope::kJob, word(dut<&DutSettings::b>())}),
      {"allow-mgmt-interface", "", "take even the interface that carries the default route", kDut,
       Scope::kJob, forms::on(dut<&DutSettings::allow_mgmt_interface>())},
      wire_setting("loss", "PART", "fraction of frames to drop: 0.1% or 0.001"),
      wire_setting("duplicate", "PART", "fraction of frames to send twice"),
      wire_setting("corrupt", "PART", "fraction of frames with one flipped bit in the UDP payload"),
      wire_setting("reorder", "PART", "fraction of frames to hold back (--reorder-by)"),
      wire_setting("reorder-by", "N", "later frames that overtake a held-back frame"),
      wire_setting("delay", "TIME", "delay of every frame"),
      wire_setting("jitter", "TIME",
                   "added to --delay, uniform from 0 to TIME; frames keep their order"),
      wire_setting("rate", "RATE", "capacity in frames a second: 100kpps"),
      wire_setting("queue", "N", "queue of --rate, in frames"),
      wire_setting("excess-loss", "PART",
                   "fraction to drop of the frames that find the queue full"),
      wire_setting("blocked", "TIME",
                   "after a frame that finds the queue full, nothing passes for so long"),
      wire_setting("outage", "TIME", "out of service for so long at the end of each period"),
      wire_setting("outage-every", "TIME", "period of --outage, from the first frame on"),
      wire_setting("seed", "N",
                   "seed of every random choice; the same seed gives the same choices"),
      {"only", "WAY", "impair only this direction", kDut, Scope::kJob,
       forms::choice(kImpairedWayWords, dut<&DutSettings::only>())},
      {"log", "FILE", "CSV of what was done to each frame, written at the end", kDut, Scope::kJob,
       word(dut<&DutSettings::log>())},
      {"log-frames", "N", "log records to reserve", kDut, Scope::kJob,
       forms::beside(dut<&DutSettings::log>(),
                     count(1, 1'000'000'000, dut<&DutSettings::log_frames>()))},
      {"duration", "TIME", "end after this time; default: at SIGINT, SIGTERM or SIGHUP", kDut,
       Scope::kJob, forms::duration(1, kLongestDuration, dut<&DutSettings::duration>())},
      {"core", "CPU", "run on this core", kDut, Scope::kJob,
       count(0, kCpuMax, dut<&DutSettings::core>())},
      {"idle", "HOW", "spin or sleep when nothing comes", kDut, Scope::kJob,
       forms::choice(kIdlePolicyWords, dut<&DutSettings::idle>())},
      {"ring", "N", "receive ring of each port in frames, a power of two", kDut, Scope::kJob,
       count(kRingMin, kRingMax, dut<&DutSettings::ring_frames>(), "4096")},
  };
}

Status settle_dut(DutSettings& dut, const Names& names) {
  Result<WireSpec> wire = parse_wire_options(dut.wire_words, names.spelled);
  if (!wire) return tl::unexpected(wire.error());
  dut.wire = *wire;
  if (names.given("log-frames") && dut.log.empty()) {
    return fail(
        ErrorKind::kUsage,
        fmt::format("{} has no effect without {}", names("log-frames"), names("log")),
        fmt::format("name the file with {}, or leave {} out", names("log"), names("log-frames")));
  }
  if (!std::has_single_bit(dut.ring_frames)) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} {}: not a power of two", names("ring"), dut.ring_frames),
                fmt::format("the next one is {}", std::bit_ceil(dut.ring_frames)));
  }
  if (!dut.core) return {};
  const CpuList allowed = allowed_cpus();
  if (std::find(allowed.begin(), allowed.end(), *dut.core) != allowed.end()) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("{} {}: this process may not run there", names("core"), *dut.core),
              fmt::format("allowed cores: {}", fmt::join(allowed, ",")));
}

}  // namespace wireproof
