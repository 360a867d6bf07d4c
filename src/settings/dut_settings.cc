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
      wire_setting("loss", "PART", "part of the frames that are dropped: 0.1% or 0.001"),
      wire_setting("duplicate", "PART", "part that leaves twice"),
      wire_setting("corrupt", "PART", "part of which one bit of the UDP payload is flipped"),
      wire_setting("reorder", "PART", "part that is held back ..."),
      wire_setting("reorder-by", "N", "... until this many later frames have left"),
      wire_setting("delay", "TIME", "of every frame"),
      wire_setting("jitter", "TIME", "on top of it, uniform from 0 to this, in order"),
      wire_setting("rate", "RATE", "capacity in frames a second: 100kpps"),
      wire_setting("queue", "N", "frames that may wait for a rate"),
      wire_setting("excess-loss", "PART", "part of those that find no room there that is dropped"),
      wire_setting("seed", "N", "of every choice; the same seed, the same choices"),
      {"only", "WAY", "impair one direction alone", kDut, Scope::kJob,
       forms::choice(kImpairedWayWords, dut<&DutSettings::only>())},
      {"log", "FILE", "CSV of what was done to each frame, written at the end", kDut, Scope::kJob,
       word(dut<&DutSettings::log>())},
      {"log-frames", "N", "records to make room for", kDut, Scope::kJob,
       forms::beside(dut<&DutSettings::log>(),
                     count(1, 1'000'000'000, dut<&DutSettings::log_frames>()))},
      {"duration", "TIME", "end by itself; default: on SIGINT, SIGTERM or SIGHUP", kDut,
       Scope::kJob, forms::duration(1, kLongestDuration, dut<&DutSettings::duration>())},
      {"core", "CPU", "run on this core", kDut, Scope::kJob,
       count(0, kCpuMax, dut<&DutSettings::core>())},
      {"idle", "HOW", "spin or sleep when nothing comes", kDut, Scope::kJob,
       forms::choice(kIdlePolicyWords, dut<&DutSettings::idle>())},
      {"ring", "N", "receive room a port, frames, a power of two", kDut, Scope::kJob,
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
        fmt::format("{} means nothing without {}", names("log-frames"), names("log")),
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
