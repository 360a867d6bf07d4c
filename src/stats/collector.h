// The stats core: samples the workers' cells into intervals. It reads; it never writes to a cell
// and the workers never wait for it.
#pragma once

#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "stats/cell.h"

namespace wireproof {

struct CellSample {
  std::uint64_t offered = 0;
  std::uint64_t received = 0;
  std::uint64_t lost = 0;
};

struct CellInterval {
  Nanoseconds start = 0;  // from the epoch
  Nanoseconds end = 0;
  CellSample counted;  // within the interval
  HistogramSteps delays;
};

// The cells of one end of a direction. One thread.
class Collector {
 public:
  // `delays`: of each receiving loop, read while it records.
  Collector(std::vector<const Cell*> cells, std::vector<const Histogram*> delays,
            Nanoseconds period);
  Collector() : Collector({}, {}, kSecond) {}

  void start(Nanoseconds epoch);
  // Closes an interval when a whole number of periods since the epoch has come; true when it did:
  // both ends of a direction close theirs at about the same times. Bounded: after kIntervalsMax the
  // series is thinned to every second interval (two are merged, their delays by addition) and the
  // period doubles, until the next start().
  bool sample(Nanoseconds now);
  // Closes the last, shorter one; true unless it would be empty.
  bool finish(Nanoseconds now);

  [[nodiscard]] const std::vector<CellInterval>& intervals() const { return intervals_; }
  [[nodiscard]] CellSample total() const;

  static constexpr std::size_t kIntervalsMax = 4096;

 private:
  void close(Nanoseconds now);
  void thin();

  std::vector<const Cell*> cells_;
  std::vector<const Histogram*> delays_;
  std::vector<std::vector<std::uint64_t>> seen_;  // of each histogram, until the last interval
  Nanoseconds asked_period_;
  Nanoseconds period_;  // of this trial: longer once its series was thinned
  Nanoseconds epoch_ = 0;
  Nanoseconds closed_at_ = 0;
  Nanoseconds due_ = 0;  // the next is closed then
  CellSample closed_;
  std::vector<CellInterval> intervals_;
};

}  // namespace wireproof
