#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "search/bisect.h"
#include "trial/derive.h"

namespace wireproof {

double lowest_load(const SearchSpec& spec) {
  return std::max(spec.min_fps, rate_fps(1, spec.trial_duration));
}

Status check_search(const SearchSpec& spec) {
  const auto usage = [](std::string message) {
    return fail(ErrorKind::kUsage, std::move(message));
  };
  if (spec.trial_duration <= 0) return usage("the trial duration must be above zero");
  if (spec.final_duration < spec.trial_duration)
    return usage("the final duration must not be shorter than the trial duration");
  if (!(spec.precision > 0 && spec.precision < 1))
    return usage("the precision must lie between 0 and 100 %");
  if (!(spec.goal.loss_ratio >= 0 && spec.goal.loss_ratio < 1))
    return usage("the loss allowed must be at least 0 and below 100 %");
  if (!(spec.min_fps > 0)) return usage("the lowest load must be above zero");
  if (spec.max_fps < 0 || !std::isfinite(spec.max_fps))
    return usage("the highest load must be a positive number");
  if (spec.max_fps > 0 && lowest_load(spec) > spec.max_fps)
    return fail(
        ErrorKind::kUsage,
        fmt::format("the lowest load, {:g} frames/s (at least one frame a trial), is above the "
                    "highest, {:g}",
                    lowest_load(spec), spec.max_fps),
        "give a longer --trial-duration, a lower --min-rate or a higher --max-rate");
  return {};
}

}  // namespace wireproof
