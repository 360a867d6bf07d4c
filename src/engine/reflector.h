// The far end of a round trip on one port: what arrives for it goes back the way it came, with its
// addresses exchanged, and how long each frame stayed here is recorded. It knows no trial: frames
// of any are sent back, damaged ones as they are.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "engine/step.h"
#include "io/backend.h"
#include "packet/test_frame.h"
#include "stats/sample_record.h"

namespace wireproof {

struct ReflectedCounts {
  std::uint64_t arrived = 0;    // of whole frames: those to the addresses that are reflected
  std::uint64_t reflected = 0;  // taken by the port; accepted is not sent
  std::uint64_t unsent = 0;  // the rest of them: it had no room, or they are longer than its frames
  friend bool operator==(const ReflectedCounts&, const ReflectedCounts&) = default;
};

class Reflector final : public Step {
 public:
  static constexpr std::size_t kBurstMax = 64;

  // One queue of a port, both ways, which outlives it, as the clock does. `match`: of the frames
  // that arrive here (match_for). Sockets are connected to where their frames come from.
  Reflector(Device& port, unsigned queue, const AddressMatch& match, const Clock& clock);

  // One worker. At most a burst: where the port takes only a part of it, the rest waits for the
  // next turn, and arrivals wait in the port.
  Nanoseconds run() override;
  // Control thread, after the worker has stopped: what waits is given back, and counted as unsent.
  void stop();

  // After stop().
  [[nodiscard]] const ReflectedCounts& counts() const { return counts_; }
  // Of each frame sent back, from its arrival (its stamp; without one, the poll) until the port had
  // taken it.
  [[nodiscard]] const SampleRecord& residence() const { return residence_; }

 private:
  void take();
  void submit();

  RxQueue& arrivals_;
  TxQueue& departures_;
  AddressMatch match_;
  const Clock& clock_;
  // Lent by the port: those from first_ to end_ are filled, those from there to lent_ not yet.
  std::array<Frame*, kBurstMax> held_{};
  std::array<Nanoseconds, kBurstMax> arrived_{};  // of held_
  std::size_t first_ = 0;
  std::size_t end_ = 0;
  std::size_t lent_ = 0;
  SampleRecord residence_;
  ReflectedCounts counts_;
};

}  // namespace wireproof
