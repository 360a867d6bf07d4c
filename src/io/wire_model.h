// What a bad wire, or a box with a finite queue, does to frames: decided by a seed and nothing
// else, so that the same arrivals meet the same fate on every machine. The loopback backend and
// `wireproof dut` share it. Pure: it never sees a frame, only the handle its caller gives it.
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/random.h"

namespace wireproof {

// Applied in this order to each arrival: loss, damage, duplication, then the queue in front of the
// rate cap (a copy takes its own place in it), then delay, then hold-back.
struct WireSpec {
  double loss = 0;               // probability 0..1 that an arrival is dropped
  double duplicate = 0;          // probability that one extra copy leaves right behind it
  double corrupt = 0;            // probability that exactly one bit of the UDP payload is flipped
  double reorder = 0;            // probability that an arrival is held back ...
  std::uint32_t reorder_by = 3;  // ... until this many later frames have left (>= 1)
  Nanoseconds delay = 0;         // added to every frame
  double rate_fps = 0;           // 0: no cap. Departures are 1/rate apart at least
  std::uint32_t queue_frames =
      64;  // with rate_fps: an arrival that finds this many waiting is dropped
  std::uint64_t seed = 1;
};

enum class Fate : std::uint8_t { kForwarded, kDropped, kQueueFull };

struct Arrival {  // what arrive() decided
  Fate fate = Fate::kForwarded;
  bool corrupt = false;       // the caller flips a bit, chosen with `entropy`
  bool duplicated = false;    // two departures of the same handle will come
  bool held = false;          // reordered: later frames will overtake it
  std::uint64_t entropy = 0;  // 64 random bits for the caller's own choices
};

struct Departure {
  std::uint64_t handle = 0;
  bool copy = false;  // the second of a duplicated frame
  bool last = false;  // no further departure of this handle: the caller may free it
};

// One direction of one wire. One thread.
class WireModel {
 public:
  explicit WireModel(const WireSpec& spec);

  // A frame has arrived at time `at` (never before the previous arrival's time). Where the fate is
  // not kForwarded the handle is the caller's again at once.
  Arrival arrive(std::uint64_t handle, Nanoseconds at);

  // The frames that have left by `now`, in order of departure, at most out.size(); call again while
  // it fills `out`. A held frame leaves behind the k-th later one, or, when nothing follows, at
  // `now` >= the time of flush_held().
  std::size_t depart(Nanoseconds now, std::span<Departure> out);

  // A frame may be held for want of successors: after this call all held frames leave.
  void flush_held();

  // The time of the next departure; the far future when none waits.
  [[nodiscard]] Nanoseconds next_departure() const;
  [[nodiscard]] std::size_t inside() const;  // handles arrived and not fully departed

 private:
  struct Waiting {
    Nanoseconds at;
    std::uint64_t handle;
    bool copy;
    bool last;
    bool held;
  };
  struct Held {
    std::uint64_t release_after;  // departures counted so far at which it may leave
    Waiting frame;
  };

  bool enqueue(Waiting frame, Nanoseconds at);
  void release_held(std::span<Departure> out, std::size_t& count);

  WireSpec spec_;
  Random random_;
  std::deque<Waiting> waiting_;  // in order of `at`: the delay is constant, the cap is FIFO
  std::deque<Held> held_;
  Nanoseconds gap_ = 0;             // 1 / rate_fps
  Nanoseconds server_free_at_ = 0;  // when the rate cap can begin the next frame
  double gap_fraction_ = 0;         // part of a nanosecond carried, so that the rate is exact
  std::uint64_t departed_ = 0;
  bool flushing_ = false;
};

}  // namespace wireproof
