// From the ticks of a counter to nanoseconds: a line fitted to readings of both, fitted anew while
// others read it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>

#include "base/clock.h"
#include "base/ticks.h"

namespace wireproof {

// The counter and the reference clock at one instant.
struct TickReading {
  std::uint64_t ticks = 0;
  Nanoseconds reference = 0;
  std::uint64_t half_width_ticks = 0;  // ticks may be off by as much
};

// Any number of threads read; one (the control thread) fits. Readers neither lock nor wait: they
// take the latest of a few segments and look again in the one case that a newer came meanwhile.
//
// Time never goes back at a re-fit: a new segment begins a little in the future, on the old one, so
// that whoever still reads the old one at that moment reads the same. A fitting thread that is held
// up for longer than kLead between its last look at the counter and its store could make two
// threads differ by the change of slope over the excess: less than 1 ns each millisecond.
class TickLine {
 public:
  struct Limits {
    // How far the slope may be bent to bring the line back to the reference.
    double slew_max_ppb = 1000;
    // A fit reaches back as far at least, and twice as far at most. Longer is narrower; shorter
    // follows a counter whose rate changes.
    Nanoseconds baseline_max = std::numeric_limits<Nanoseconds>::max() / 2;
  };
  TickLine() = default;
  explicit TickLine(const Limits& limits) : limits_(limits) {}

  // Every later fit is measured from `first`, so that its error shrinks with time. Before any
  // thread reads. `second` is later.
  void begin(const TickReading& first, const TickReading& second);

  // The counter was set: from here on the line goes through `latest`, with the slope it had.
  void begin_again(const TickReading& latest);

  // The slope that `first` and `latest` give, bent by at most slew_max_ppb so that the line comes
  // back to the reference within about a second where it is off by more than a reading can be
  // wrong. Calls must be 4 * kLead apart. `now_ticks` is the counter's present value.
  void refit(const TickReading& latest, std::uint64_t now_ticks);

  [[nodiscard]] Nanoseconds now() const {
    return read([] { return read_ticks(); });
  }
  [[nodiscard]] Nanoseconds at(std::uint64_t ticks) const {
    return read([ticks] { return ticks; });
  }

  // How far the reference's reading lies from the line: positive when the line is behind.
  [[nodiscard]] Nanoseconds behind(const TickReading& reading) const {
    return reading.reference - at(reading.ticks);
  }
  // Of the slope as it is now: the width of the two readings over the time between them, and what
  // the line was bent by.
  [[nodiscard]] double rate_error_ppb() const { return rate_error_ppb_; }
  [[nodiscard]] double ticks_per_ns() const { return ticks_per_ns_; }

  static constexpr Nanoseconds kLead = kMillisecond;

 private:
  // All fields of a segment are written before `latest_` names it, and written again only four
  // fits later; a reader that slept through that finds `latest_` changed.
  struct Segment {
    std::atomic<std::uint64_t> start_ticks{0};
    std::atomic<Nanoseconds> start_ns{0};
    std::atomic<std::int64_t> start_fraction{0};  // of a nanosecond, 2^-kShift
    std::atomic<std::int64_t> slope{0};           // ns a tick, 2^-kShift
    std::atomic<std::int64_t> slope_before{0};    // before start_ticks: the former segment's
  };
  __extension__ using Wide = __int128;
  static constexpr int kShift = 48;

  [[nodiscard]] static Wide value(const Segment& segment, std::uint64_t ticks) {
    const auto since =
        static_cast<std::int64_t>(ticks - segment.start_ticks.load(std::memory_order_acquire));
    const std::int64_t slope = since >= 0 ? segment.slope.load(std::memory_order_acquire)
                                          : segment.slope_before.load(std::memory_order_acquire);
    return Wide{segment.start_ns.load(std::memory_order_acquire)} * (Wide{1} << kShift) +
           segment.start_fraction.load(std::memory_order_acquire) + Wide{since} * slope;
  }

  template <typename Ticks>
  [[nodiscard]] Nanoseconds read(Ticks ticks) const {
    while (true) {
      const std::uint32_t latest = latest_.load(std::memory_order_acquire);
      const Wide ns = value(segments_[latest % kSegments], ticks());
      if (latest_.load(std::memory_order_acquire) == latest) {
        return static_cast<Nanoseconds>(ns >> kShift);
      }
    }
  }

  void publish(std::uint64_t start_ticks, Wide start, std::int64_t slope);
  void state_error(const TickReading& latest, double bent_ppb);

  static constexpr std::uint32_t kSegments = 4;
  std::array<Segment, kSegments> segments_;
  std::atomic<std::uint32_t> latest_{0};
  Limits limits_;
  TickReading first_;   // where the baseline begins
  TickReading middle_;  // where it will begin when it has become too long
  double ticks_per_ns_ = 0;
  double rate_error_ppb_ = 0;
};

}  // namespace wireproof
