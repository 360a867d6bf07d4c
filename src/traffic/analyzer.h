// What came back: every frame of a receive queue is put into exactly one class, and the classes are
// counted by one writer. The order of the questions is docs/manual.md's ("Counters"): address,
// length and checksum, magic, trial, direction and space, waiting time, sequence.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "io/frame.h"
#include "packet/test_frame.h"
#include "stats/delay_variation.h"
#include "stats/sample_record.h"
#include "stats/sequence_tracker.h"
#include "traffic/arrival_log.h"
#include "trial/receive_counts.h"

namespace wireproof {

struct AnalyzerSpec {
  AddressMatch match;
  bool reverse = false;           // the direction whose frames arrive here
  std::uint32_t stream = 0;       // of that direction, below kStreamsMax
  std::uint32_t spaces = 1;       // sequence spaces of that stream
  std::uint32_t delay_every = 1;  // record the delay of each N-th frame; 0: of none
  std::size_t log_frames = 0;     // room of the arrival log; 0: none is kept
};

struct AnalyzerStart {
  std::uint16_t trial_id = 0;
  Nanoseconds epoch = 0;   // transmit times count from here
  bool scheduled = false;  // the frames have a schedule, from which delays are counted as well
  // About what the smallest delay will be, as an earlier run had it; 0 where nothing is known. The
  // spread of the delays is kept as distances from it, so that microseconds of it are told from one
  // another behind 100 ms.
  Nanoseconds reference = 0;
  // By space: a number below it was sent more than kDelayMax ago, and its delay cannot be told. It
  // may grow while frames arrive. Null: the run is too short for such frames.
  const std::atomic<std::uint64_t>* too_old_below = nullptr;
};

class Analyzer {
 public:
  static constexpr std::size_t kBurstMax = 64;

  explicit Analyzer(const AnalyzerSpec& spec);

  // Forgets everything and expects frames of this trial.
  void start(const AnalyzerStart& start);

  // At most kBurstMax frames; `now` stands in for the arrival of frames that bear no stamp. What
  // arrived after `late_after` is late, however short its delay.
  void take(std::span<Frame* const> frames, Nanoseconds now,
            Nanoseconds late_after = std::numeric_limits<Nanoseconds>::max());

  // What take() would find it to be at its first look; `signature` is set only for kOurs, whichever
  // stream it is of.
  [[nodiscard]] FrameClass look(const Frame& frame, Signature& signature) const {
    return reader_.read(frame.data, frame.length, signature);
  }
  [[nodiscard]] std::uint32_t stream() const { return spec_.stream; }

  [[nodiscard]] const ReceiveCounts& counts() const { return counts_; }
  [[nodiscard]] const ArrivalLog& log() const { return log_; }
  [[nodiscard]] const SequenceTracker& tracker() const { return tracker_; }
  // From the times at which frames were sent, and from those at which they were due.
  [[nodiscard]] const SampleRecord& delays() const { return delays_; }
  [[nodiscard]] const SampleRecord& delays_from_schedule() const { return from_schedule_; }
  // delays() once more, less `reference`.
  [[nodiscard]] const SignedHistogram& delays_about_reference() const { return about_reference_; }
  // Null unless every delay is recorded.
  [[nodiscard]] const DelayVariation* variation() const {
    return variation_ ? &*variation_ : nullptr;
  }
  // The first of counts().readdressed.
  [[nodiscard]] const std::optional<AddressedFrame>& readdressed() const { return readdressed_; }
  [[nodiscard]] std::uint64_t negative_delays() const { return negative_delays_; }
  // Of the frames of this trial that came in time, from the epoch, to a burst's first and last
  // frame; nothing where none came.
  struct Arrivals {
    Nanoseconds first = 0;
    Nanoseconds last = 0;
  };
  [[nodiscard]] const std::optional<Arrivals>& arrivals() const { return arrivals_; }
  // About how long frames are on their way: the longest delay of the last frames of the bursts.
  [[nodiscard]] Nanoseconds longest_delay() const { return longest_delay_; }

 private:
  static constexpr unsigned kCatchUpShift = 63;
  static constexpr std::uint64_t kCatchUpMark = std::uint64_t{1} << kCatchUpShift;
  struct Seen {
    std::uint32_t group;
    std::uint16_t lateness;  // code
    std::uint64_t sequence;  // its low 40 bits; kCatchUpMark
    Nanoseconds arrived;     // from the epoch
    Nanoseconds delay;
  };
  // Everything that does not need the space's memory, of a frame that is ours. True: `seen` is for
  // account().
  bool belongs(const Signature& signature, Nanoseconds arrived, Seen& seen);
  void count_late(const Seen& seen);
  // Moves what arrived after `late_after` and what is too old for its delay to be told to late_;
  // how many are left.
  std::size_t drop_late(std::span<Seen> ours, Nanoseconds late_after);
  // late_, once the rest of its burst is accounted: a copy may have come in time just before.
  void account_late();
  // The same of a frame that is not plain, and may be anybody's.
  bool look_again(const Frame& frame, Nanoseconds arrived, Seen& seen);
  // The same of a frame that is addressed to others, which it may not have been when it was sent.
  void look_elsewhere(const Frame& frame);
  // True: a first copy.
  bool account(const Seen& seen);
  void log(const Seen& seen, Arrived found);
  // `sampled` delays that count, none negative.
  void record(std::span<const Nanoseconds> sampled, std::span<const std::uint16_t> lateness_codes);
  // Whether the delay of this first copy is one of those that are recorded.
  bool wanted(Nanoseconds delay);

  AnalyzerSpec spec_;
  FrameReader reader_;
  std::uint32_t space_bits_;
  SequenceTracker tracker_;
  SequenceTracker late_tracker_;  // of the late
  std::array<Seen, kBurstMax> late_{};
  std::size_t late_count_ = 0;
  SampleRecord delays_;
  SampleRecord from_schedule_;
  SignedHistogram about_reference_;
  std::optional<DelayVariation> variation_;
  ArrivalLog log_;
  std::optional<AddressedFrame> readdressed_;
  std::uint64_t negative_delays_ = 0;
  Nanoseconds longest_delay_ = 0;
  std::optional<Arrivals> arrivals_;
  ReceiveCounts counts_;
  AnalyzerStart start_;
  std::uint32_t until_delay_ = 1;
};

}  // namespace wireproof
