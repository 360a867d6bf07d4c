// One worker's sending loop over one transmit queue: pacer, generator, queue.
#pragma once

#include <array>
#include <cstdint>

#include "base/words.h"
#include "engine/end_of_sending.h"
#include "engine/step.h"
#include "io/backend.h"
#include "packet/lateness_code.h"
#include "stats/cell.h"
#include "stats/sample_record.h"
#include "traffic/generator.h"
#include "traffic/pacer.h"

namespace wireproof {

// Which reading of the clock a frame bears.
enum class TxStamp {
  kBurst,  // its round's: up to kRoundMax frames share one
  kFrame,  // its own: some 20 ns a frame more
};

enum class PacingMode {
  kBurst,    // what is due leaves together, up to kRoundMax frames under one reading of the clock
  kPrecise,  // one frame a deadline, each handed over by itself
};

inline constexpr Words<TxStamp, 2> kTxStampWords{
    {{TxStamp::kBurst, "burst"}, {TxStamp::kFrame, "frame"}}};
inline constexpr Words<PacingMode, 2> kPacingWords{
    {{PacingMode::kBurst, "burst"}, {PacingMode::kPrecise, "precise"}}};

class TxLoop final : public Step {
 public:
  // Frames handed over at once, under one reading of the clock; a longer burst takes several
  // rounds.
  static constexpr std::uint32_t kRoundMax = 64;

  // Queue and clock outlive the loop.
  TxLoop(TxQueue& queue, Generator generator, const Clock& clock, TxStamp stamp = TxStamp::kBurst,
         PacingMode mode = PacingMode::kBurst);

  // Control thread, while no worker runs it. `end` (outlives the run) may cut it short, and is
  // told when the last frame has left.
  void start(const PacerSpec& pacer, std::uint16_t trial_id, Nanoseconds epoch, EndOfSending& end);
  // Control thread, after the worker has stopped: gives back what was borrowed. Where sending had
  // not ended, what was due at `now` counts as intended.
  void stop(Nanoseconds now);

  Nanoseconds run() override;

  [[nodiscard]] const Cell& cell() const { return cell_; }
  [[nodiscard]] const Pacer& pacer() const { return pacer_; }
  [[nodiscard]] const Generator& generator() const { return generator_; }
  [[nodiscard]] std::uint64_t intended() const { return intended_; }
  [[nodiscard]] Nanoseconds first_submit() const { return first_submit_; }
  [[nodiscard]] Nanoseconds last_submit() const { return last_submit_; }
  // Of each frame sent: the stamp it bears less its deadline. Nothing without a schedule.
  [[nodiscard]] const SampleRecord& lateness() const { return lateness_; }
  // Between the stamps of one frame sent and the next.
  [[nodiscard]] const SampleRecord& gaps() const { return gaps_; }
  // The longest that a frame can have left after the clock reading of its round.
  [[nodiscard]] Nanoseconds span_max() const { return span_max_; }

 private:
  void send(std::uint32_t frames, Nanoseconds now);
  void warm_cache(Nanoseconds now);
  void stamp(std::span<Frame* const> burst, Nanoseconds now);
  void record_departures(std::size_t accepted);
  Nanoseconds drain(Nanoseconds now);

  TxQueue& queue_;
  Generator generator_;
  const Clock& clock_;
  TxStamp stamp_;
  std::uint32_t round_max_;
  Pacer pacer_;
  EndOfSending* end_ = nullptr;
  Cell cell_;
  SampleRecord lateness_;
  SampleRecord gaps_;
  std::array<Frame*, kRoundMax> held_{};  // borrowed and not yet accepted
  std::uint32_t held_count_ = 0;
  std::array<Nanoseconds, kRoundMax> stamps_{};            // of the round's frames
  std::array<std::uint16_t, kRoundMax> lateness_codes_{};  // how late each of them is
  Nanoseconds last_stamp_ = 0;                             // 0: none yet
  bool cache_warmed_ = false;                              // the next frame, in precise mode
  std::uint64_t intended_ = 0;
  Nanoseconds first_submit_ = 0;
  Nanoseconds last_submit_ = 0;
  Nanoseconds span_max_ = 0;
  Nanoseconds round_began_ = 0;  // 0: the last round sent nothing
  Nanoseconds drain_until_ = 0;  // 0: still sending
};

}  // namespace wireproof
