#include "io/wire_options.h"

#include <fmt/format.h>

#include <limits>

#include "base/exact_text.h"
#include "base/units.h"

namespace wireproof {
namespace {

constexpr std::uint64_t kMostFrames = 1'000'000;
constexpr double kSlowestFps = 0.001;
constexpr Nanoseconds kLongestDelay = 10 * kSecond;
constexpr Nanoseconds kLongestPeriod = 24 * 3600 * kSecond;

// Collects the first error, so that each option is one line below.
class Reader {
 public:
  Reader(const std::map<std::string, std::string>& options,
         const std::function<std::string(std::string_view)>& spelled)
      : options_(options), spelled_(spelled) {}

  template <typename Parse, typename Take>
  void read(const std::string& name, const Parse& parse, const Take& take) {
    const auto option = options_.find(name);
    if (option == options_.end() || !status_) return;
    if (const auto value = parse(as_known(name), option->second)) {
      take(*value);
    } else {
      status_ = tl::unexpected(value.error());
    }
  }
  void needs(const std::string& name, const std::string& other) {
    if (!status_ || options_.count(name) == 0 || options_.count(other) != 0) return;
    const std::string one = as_known(name);
    const std::string two = as_known(other);
    status_ = fail(ErrorKind::kUsage, fmt::format("{} has no effect without {}", one, two),
                   fmt::format("give {} too, or leave {} out", two, one));
  }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] std::string as_known(const std::string& name) const {
    return spelled_ ? spelled_(name) : name;
  }

 private:
  const std::map<std::string, std::string>& options_;
  const std::function<std::string(std::string_view)>& spelled_;
  Status status_;
};

Result<double> parse_frame_rate(const std::string& flag, const std::string& text) {
  const Result<Rate> rate = parse_rate(flag, text);
  if (!rate) return tl::unexpected(rate.error());
  if (rate->kind != Rate::Kind::kPps || rate->value < kSlowestFps) {
    return fail(ErrorKind::kUsage,
                fmt::format("{}: {} is not a rate in frames a second", flag, quote(text)),
                "write it as 1500pps, 100kpps, 1.5Mpps");
  }
  return rate->value;
}

}  // namespace

const std::vector<std::string>& wire_option_names() {
  static const std::vector<std::string> names{
      "loss", "duplicate", "corrupt",     "reorder", "reorder-by", "delay",        "jitter",
      "rate", "queue",     "excess-loss", "blocked", "outage",     "outage-every", "seed"};
  return names;
}

Result<WireSpec> parse_wire_options(const std::map<std::string, std::string>& options,
                                    const std::function<std::string(std::string_view)>& spelled) {
  WireSpec spec;
  Reader reader(options, spelled);
  const auto count = [](std::uint64_t least, std::uint64_t most) {
    return [=](const std::string& flag, const std::string& text) {
      return parse_count(flag, text, least, most);
    };
  };
  const auto delay = [](const std::string& flag, const std::string& text) {
    return parse_duration(flag, text, 0, kLongestDelay);
  };
  const auto period = [](const std::string& flag, const std::string& text) {
    return parse_duration(flag, text, 0, kLongestPeriod);
  };
  reader.read("loss", parse_ratio, [&](double value) { spec.loss = value; });
  reader.read("duplicate", parse_ratio, [&](double value) { spec.duplicate = value; });
  reader.read("corrupt", parse_ratio, [&](double value) { spec.corrupt = value; });
  reader.read("reorder", parse_ratio, [&](double value) { spec.reorder = value; });
  reader.read("reorder-by", count(1, kMostFrames),
              [&](std::uint64_t value) { spec.reorder_by = static_cast<std::uint32_t>(value); });
  reader.read("delay", delay, [&](Nanoseconds value) { spec.delay = value; });
  reader.read("jitter", delay, [&](Nanoseconds value) { spec.jitter = value; });
  reader.read("rate", parse_frame_rate, [&](double value) { spec.rate_fps = value; });
  reader.read("queue", count(0, kMostFrames),
              [&](std::uint64_t value) { spec.queue_frames = static_cast<std::uint32_t>(value); });
  reader.read("excess-loss", parse_ratio, [&](double value) { spec.excess_loss = value; });
  reader.read("blocked", delay, [&](Nanoseconds value) { spec.blocked = value; });
  reader.read("outage", period, [&](Nanoseconds value) { spec.outage = value; });
  reader.read("outage-every", period, [&](Nanoseconds value) { spec.outage_every = value; });
  reader.read("seed", count(0, std::numeric_limits<std::uint64_t>::max()),
              [&](std::uint64_t value) { spec.seed = value; });
  reader.needs("reorder-by", "reorder");
  reader.needs("queue", "rate");
  reader.needs("excess-loss", "rate");
  reader.needs("blocked", "rate");
  reader.needs("outage-every", "outage");
  if (!reader.status()) return tl::unexpected(reader.status().error());
  if (spec.outage >= spec.outage_every)
    return fail(ErrorKind::kUsage,
                fmt::format("{} {}: not shorter than {} {}", reader.as_known("outage"),
                            exact_duration(spec.outage), reader.as_known("outage-every"),
                            exact_duration(spec.outage_every)),
                "the device has to be in service for a part of each period");
  return spec;
}

std::string wire_option_values(std::string_view name) {
  if (name == "reorder-by") return fmt::format("1 to {}", format_count(kMostFrames));
  if (name == "queue") return fmt::format("0 to {}", format_count(kMostFrames));
  if (name == "delay" || name == "jitter") {
    return fmt::format("0 to {}", exact_duration(kLongestDelay));
  }
  if (name == "blocked") return fmt::format("0 to {}", exact_duration(kLongestDelay));
  if (name.starts_with("outage")) return fmt::format("0 to {}", exact_duration(kLongestPeriod));
  if (name == "rate") return "frames a second";
  return name == "seed" ? "any count" : "0 to 1";
}

std::string wire_option_text(const WireSpec& spec, std::string_view name) {
  const auto when = [](bool means, std::string text) { return means ? std::move(text) : ""; };
  const bool limited = spec.rate_fps > 0;
  if (name == "loss") return exact_ratio(spec.loss);
  if (name == "duplicate") return exact_ratio(spec.duplicate);
  if (name == "corrupt") return exact_ratio(spec.corrupt);
  if (name == "reorder") return exact_ratio(spec.reorder);
  if (name == "reorder-by") return when(spec.reorder > 0, std::to_string(spec.reorder_by));
  if (name == "delay") return exact_duration(spec.delay);
  if (name == "jitter") return exact_duration(spec.jitter);
  if (name == "rate") return when(limited, exact_rate({Rate::Kind::kPps, spec.rate_fps}));
  if (name == "queue") return when(limited, std::to_string(spec.queue_frames));
  if (name == "excess-loss") return when(limited, exact_ratio(spec.excess_loss));
  if (name == "blocked") return when(limited, exact_duration(spec.blocked));
  if (name == "outage") return exact_duration(spec.outage);
  if (name == "outage-every") return when(spec.outage > 0, exact_duration(spec.outage_every));
  return std::to_string(spec.seed);
}

bool is_clean(const WireSpec& spec) {
  return spec.loss <= 0 && spec.duplicate <= 0 && spec.corrupt <= 0 && spec.reorder <= 0 &&
         spec.delay == 0 && spec.jitter == 0 && spec.rate_fps <= 0 && spec.outage == 0;
}

}  // namespace wireproof
