#include "settings/loads.h"

#include <fmt/format.h>

#include <cmath>

#include "base/headers.h"

#include "packet/headers.h"
#include "traffic/schedule.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

constexpr double kLeastFps = 0.1;

}  // namespace

TrafficProfile profile_of(const TestSettings& test, const SizeChoice& choice) {
  TrafficProfile profile = test.profile;
  profile.sizes = choice.sizes;
  profile.size_name = choice.name;
  return profile;
}

Status check_sends(double fps, Nanoseconds duration, std::string_view name) {
  if (frames_in(fps, duration) > 0) return {};
  return fail(ErrorKind::kUsage,
              fmt::format("{}: {} for {} is not one frame", name, format_rate(fps),
                          format_duration(duration)),
              fmt::format("give a duration of {} or longer, or a higher rate",
                          format_duration(static_cast<Nanoseconds>(std::ceil(1e9 / fps)))));
}

Result<double> rate_to_fps(const Rate& rate, std::string_view name, const TestSettings& test,
                           double frame_size, double line_rate_bps) {
  double fps = rate.value;
  if (rate.kind == Rate::Kind::kPercent) {
    if (line_rate_bps <= 0) {
      return fail(
          ErrorKind::kUsage,
          fmt::format("{}: the port has no line rate, so a percentage is not possible", name),
          "give the rate in pps or bps, or --line-rate");
    }
    fps = line_rate_fps(line_rate_bps, frame_size) * rate.value / 100;
  } else if (rate.kind == Rate::Kind::kBps) {
    double bytes = frame_size;
    if (test.rate_layer == RateLayer::kL1) bytes += kLineOverhead;
    if (test.rate_layer == RateLayer::kL3) {
      bytes -=
          static_cast<double>(kEthernetLength + kFcsLength + (test.profile.vlan ? kVlanLength : 0));
    }
    fps = rate.value / (8 * bytes);
  }
  if (fps < kLeastFps) {
    return fail(ErrorKind::kUsage, fmt::format("{}: less than one frame in ten seconds", name),
                "give a higher rate, such as 1pps");
  }
  return fps;
}

}  // namespace wireproof
