#include "io/wire_options.h"

#include <fmt/format.h>

#include <limits>

#include "base/units.h"

namespace wireproof {
namespace {

constexpr std::uint64_t kMostFrames = 1'000'000;
constexpr double kSlowestFps = 0.001;
constexpr Nanoseconds kLongestDelay = 10 * kSecond;

// Collects the first error, so that each option is one line below.
class Reader {
 public:
  explicit Reader(const std::map<std::string, std::string>& options) : options_(options) {}

  template <typename Parse, typename Take>
  void read(const std::string& name, const Parse& parse, const Take& take) {
    const auto option = options_.find(name);
    if (option == options_.end() || !status_) return;
    if (const auto value = parse(name, option->second)) {
      take(*value);
    } else {
      status_ = tl::unexpected(value.error());
    }
  }
  void needs(const std::string& name, const std::string& other) {
    if (!status_ || options_.count(name) == 0 || options_.count(other) != 0) return;
    status_ = fail(ErrorKind::kUsage, fmt::format("{} means nothing without {}", name, other),
                   fmt::format("give {} too, or leave {} out", other, name));
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  const std::map<std::string, std::string>& options_;
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
  static const std::vector<std::string> names{"loss",       "duplicate", "corrupt", "reorder",
                                              "reorder-by", "delay",     "jitter",  "rate",
                                              "queue",      "seed"};
  return names;
}

Result<WireSpec> parse_wire_options(const std::map<std::string, std::string>& options) {
  WireSpec spec;
  Reader reader(options);
  const auto count = [](std::uint64_t least, std::uint64_t most) {
    return [=](const std::string& flag, const std::string& text) {
      return parse_count(flag, text, least, most);
    };
  };
  const auto delay = [](const std::string& flag, const std::string& text) {
    return parse_duration(flag, text, 0, kLongestDelay);
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
  reader.read("seed", count(0, std::numeric_limits<std::uint64_t>::max()),
              [&](std::uint64_t value) { spec.seed = value; });
  reader.needs("reorder-by", "reorder");
  reader.needs("queue", "rate");
  if (!reader.status()) return tl::unexpected(reader.status().error());
  return spec;
}

bool is_clean(const WireSpec& spec) {
  return spec.loss <= 0 && spec.duplicate <= 0 && spec.corrupt <= 0 && spec.reorder <= 0 &&
         spec.delay == 0 && spec.jitter == 0 && spec.rate_fps <= 0;
}

}  // namespace wireproof
