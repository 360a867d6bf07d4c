// Frames that are on their way for longer than kDelayMax, told by their numbers: on the circle of
// the signature's transmit time such a delay looks like one that is 68.7 s shorter. Once a second
// it is noted how far each space has been sent; what was sent by the newest note that is kDelayMax
// old is too old from then on. Needed only where sending and waiting take that long together.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/clock.h"

namespace wireproof {

class AgeLimit {
 public:
  explicit AgeLimit(std::uint32_t spaces) : too_old_below_(spaces) {}

  // Control thread, while no worker runs.
  void start();
  // Control thread, at least once in three seconds. `sent`: of each space, the numbers that have
  // certainly been sent by now.
  void note(Nanoseconds now, std::span<const std::uint64_t> sent);
  [[nodiscard]] bool note_is_due(Nanoseconds now) const {
    return notes_.empty() || now - notes_.back().at >= kSecond;
  }

  // By space: a number below this was sent more than kDelayMax ago. Receivers read it at any time.
  [[nodiscard]] const std::atomic<std::uint64_t>* too_old_below() const {
    return too_old_below_.data();
  }

 private:
  struct Note {
    Nanoseconds at;
    std::vector<std::uint64_t> sent;
  };
  std::deque<Note> notes_;  // of a minute
  std::vector<std::atomic<std::uint64_t>> too_old_below_;
};

}  // namespace wireproof
