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
    figures.buffer_frames += buffer_frames(burst, test.throughput_fps);
    figures.implied_ns += static_cast<double>(burst.frames) * 1e9 / burst.fps;
    figures.sent_fps += burst.fps;
  }
  const auto count = static_cast<double>(lengths.size());
  figures.frames = spread_of(lengths);
  for (double* sum : {&figures.sent_fps, &figures.implied_ns, &figures.buffer_frames})
    *sum /= count;
  const double at_fps = test.max_fps > 0 ? test.max_fps : figures.sent_fps;
  figures.corrected_ns = figures.buffer_frames * 1e9 / at_fps;
  return figures;
}

Nanoseconds mean_time(const std::vector<Nanoseconds>& times) {
  const auto sum = std::accumulate(times.begin(), times.end(), Nanoseconds{0});
  return sum / static_cast<Nanoseconds>(times.size());
}

bool lacks_answer(const SuiteSizeResult& size) {
  const auto lacks = [](const auto& test, bool has_figures) {
    return test && test->not_guaranteed && !has_figures;
  };
  const bool measured =
      size.loss && std::any_of(size.loss->steps.begin(), size.loss->steps.end(),
                               [](const LossStep& step) { return step.loss_ratio.has_value(); });
  return lacks(size.latency, size.latency && !size.latency->directions.empty()) ||
         lacks(size.loss, measured) ||
         lacks(size.back_to_back, size.back_to_back && !size.back_to_back->bursts.empty()) ||
         lacks(size.recovery, size.recovery && !size.recovery->times.empty()) ||
         lacks(size.reset, size.reset && !size.reset->times.empty());
}

}  // namespace wireproof
