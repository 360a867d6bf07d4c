// One worker's sending loop over one transmit queue: pacer, generator, queue.
#pragma once

#include <array>
#include <cstdint>

#include "engine/step.h"
#include "io/backend.h"
#include "stats/cell.h"
#include "traffic/generator.h"
#include "traffic/pacer.h"

namespace wireproof {

class TxLoop final : public Step {
 public:
  // Frames handed over at once, under one reading of the clock; a longer burst takes several
  // rounds.
  static constexpr std::uint32_t kRoundMax = 64;

  // Queue and clock outlive the loop.
  TxLoop(TxQueue& queue, Generator generator, const Clock& clock);

  // Control thread, while no worker runs it.
  void start(const PacerSpec& pacer, std::uint16_t trial_id, Nanoseconds epoch);
  // Control thread, after the worker has stopped: gives back what was borrowed.
  void stop(Nanoseconds now);

  Nanoseconds run() override;

  [[nodiscard]] const Cell& cell() const { return cell_; }
  [[nodiscard]] const Pacer& pacer() const { return pacer_; }
  [[nodiscard]] const Generator& generator() const { return generator_; }
  [[nodiscard]] std::uint64_t intended() const { return intended_; }
  [[nodiscard]] Nanoseconds first_submit() const { return first_submit_; }
  [[nodiscard]] Nanoseconds last_submit() const { return last_submit_; }

 private:
  void send(std::uint32_t frames, Nanoseconds now);
  Nanoseconds drain(Nanoseconds now);

  TxQueue& queue_;
  Generator generator_;
  const Clock& clock_;
  Pacer pacer_;
  Cell cell_;
  std::array<Frame*, kRoundMax> held_{};  // borrowed and not yet accepted
  std::uint32_t held_count_ = 0;
  std::uint64_t intended_ = 0;
  Nanoseconds first_submit_ = 0;
  Nanoseconds last_submit_ = 0;
  Nanoseconds drain_until_ = 0;  // 0: still sending
};

}  // namespace wireproof
