#include "trial/suite.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace wireproof {

double buffer_frames(const BackToBackBurst& burst, double throughput_fps) {
  if (burst.fps <= 0) return 0;
  return static_cast<double>(burst.frames) * std::max(0.0, 1 - throughput_fps / burst.fps);
}

Spread spread_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  Spread spread{.mean = std::accumulate(values.begin(), values.end(), 0.0) / count,
                .min = *least,
                .max = *most};
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.stdev = std::sqrt(squares / (count - 1));
  return spread;
}

BufferFigures buffer_figures(const BackToBackTest& test) {
  std::vector<double> lengths;
  BufferFigures figures;
  for (const BackToBackBurst& burst : test.bursts) {
    lengths.push_back(static_cast<double>(burst.frames));
    const double inside = buffer_frames(burst, test.throughput_fps);
    figures.buffer_frames += inside;
    figures.implied_ns += static_cast<double>(burst.frames) * 1e9 / burst.fps;
    figures.corrected_ns += inside * 1e9 / burst.fps;
  }
  const auto count = static_cast<double>(lengths.size());
  figures.frames = spread_of(lengths);
  for (double* sum : {&figures.implied_ns, &figures.corrected_ns, &figures.buffer_frames})
    *sum /= count;
  return figures;
}

Nanoseconds mean_time(const std::vector<Nanoseconds>& times) {
  const auto sum = std::accumulate(times.begin(), times.end(), Nanoseconds{0});
  return sum / static_cast<Nanoseconds>(times.size());
}

bool lacks_answer(const SuiteSizeResult& size) {
  const auto steps_lack = [](const LossTest& loss) {
    return std::none_of(loss.steps.begin(), loss.steps.end(),
                        [](const LossStep& step) { return step.loss_ratio.has_value(); });
  };
  return (size.latency && size.latency->directions.empty()) ||
         (size.loss && steps_lack(*size.loss)) ||
         (size.back_to_back && size.back_to_back->applicable &&
          size.back_to_back->bursts.empty()) ||
         (size.recovery && size.recovery->applicable && size.recovery->times.empty()) ||
         (size.reset && size.reset->times.empty());
}

}  // namespace wireproof
