// The receiving end of a direction: its loops, what they expect, and what they report.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/age_limit.h"
#include "engine/end_of_sending.h"
#include "engine/rx_loop.h"
#include "engine/stream.h"
#include "engine/summaries.h"
#include "stats/collector.h"
#include "trial/reports.h"

namespace wireproof {

class Receiver;

struct ReceiverSpec {
  Device* port = nullptr;
  unsigned queues = 1;
  Nanoseconds waiting_time = 500 * kMillisecond;
  std::uint32_t delay_every = 1;
  std::size_t log_frames = 0;
  Nanoseconds interval = kSecond;  // of the live series
  // Of another stream that comes to this port: its loops hand this one its frames as well, and are
  // run for both. Outlives it.
  Receiver* beside = nullptr;
};

using RxLoops = std::span<const std::unique_ptr<RxLoop>>;

class Receiver {
 public:
  // The port, which is there, and the clock outlive it.
  Receiver(const ReceiverSpec& spec, const Stream& stream, const Clock& clock);

  // Control thread, before the workers run: counters from 0, and frames of this run are expected.
  void start(const StreamRun& run);
  // Control thread, after the workers have stopped. `heard_out`: they ran until every frame had
  // come or was late; otherwise nobody can say where those that are missing were.
  void stop(bool heard_out) { heard_out_ = heard_out; }

  // While workers run. The sender's end is told to it by whoever learns it first.
  [[nodiscard]] LateAfter& late_after() { return late_after_; }
  [[nodiscard]] const LateAfter& late_after() const { return late_after_; }
  // Control thread: whether it wants to know how far the sender is, which it does about once a
  // second in a run so long that frames may be too old; at least once in three seconds then.
  [[nodiscard]] bool asks_for_numbers(Nanoseconds now) const {
    return aging_ && ages_.note_is_due(now);
  }
  void note_numbers(Nanoseconds now, std::span<const std::uint64_t> sent_per_space) {
    ages_.note(now, sent_per_space);
  }
  // About the longest that a frame was on its way, so far.
  [[nodiscard]] Nanoseconds longest_delay() const;

  // The live series. Control thread, at any time between start() and report().
  [[nodiscard]] Collector& series() { return series_; }
  [[nodiscard]] const Collector& series() const { return series_; }

  // After stop(): without what the port's counters and the loops' gaps say.
  [[nodiscard]] ReceivedReport report() const;

  [[nodiscard]] const Device& port() const { return *spec_.port; }
  // Those that hand it its frames.
  [[nodiscard]] RxLoops loops() const { return spec_.beside ? spec_.beside->loops() : loops_; }
  [[nodiscard]] RxLanes lanes() const { return lanes_; }

 private:
  // Where the port may have put frames of one space out of order; empty: it cannot have.
  [[nodiscard]] std::string order_note() const;
  [[nodiscard]] std::string readdressed_to() const;
  void see_spaces(ReceivedReport& report) const;
  [[nodiscard]] Nanoseconds least_delay() const;

  ReceiverSpec spec_;
  std::uint32_t stream_;
  std::uint32_t flows_;
  std::uint32_t spaces_;
  LateAfter late_after_;
  AgeLimit ages_;
  // By queue: of the first stream the loops, which have its lanes; of another the lanes alone.
  std::vector<std::unique_ptr<RxLoop>> loops_;
  std::vector<std::unique_ptr<RxLane>> own_lanes_;
  std::vector<const RxLane*> lanes_;
  Collector series_;
  bool heard_out_ = true;
  bool scheduled_ = false;     // the current run has a rate
  bool aging_ = false;         // it lasts so long that frames may be too old
  Nanoseconds reference_ = 0;  // AnalyzerStart's
};

}  // namespace wireproof
