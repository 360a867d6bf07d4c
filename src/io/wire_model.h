// What a bad wire, or a box with a finite queue, does to frames: decided by a seed and nothing
// else, so that the same arrivals meet the same fate on every machine. The loopback backend and
// `wireproof dut` share it. Pure: it never sees a frame, only the handle its caller gives it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "base/clock.h"
#include "base/fifo.h"
#include "base/random.h"

namespace wireproof {

// Applied in this order to each arrival: loss, damage, duplication, then the queue in front of the
// rate cap (a copy takes its own place in it), then delay and jitter, then hold-back. Every arrival
// takes the same number of draws from the seed, so that the frames lost with loss alone are the
// frames lost with everything on.
//
// The jitter keeps the order: a frame is delayed by `delay` + J, J uniform over the whole
// nanoseconds of [0, jitter), but never leaves before the one in front of it. Frames that come
// `jitter` or more apart therefore have independent, uniform delays; closer ones are held up behind
// each other, and their delays are longer and alike. J of the k-th arrival is the k-th draw of a
// generator of its own, seeded with seed ^ kJitterStream, times jitter / 2^64: who knows the seed
// knows every delay.
//
// The cap works in the arrivals' own time, to 2^-32 ns: a frame that finds it idle leaves at once
// and occupies it for 1/rate; one that finds it busy waits for its slot. In a trial of T seconds
// without loss, at most rate * T + queue_frames + 1 frames pass. Of a load above that a part
// `excess_loss` of the rest is lost: 1 is a hard device, less a soft knee.
struct WireSpec {
  double loss = 0;               // probability 0..1 that an arrival is dropped
  double duplicate = 0;          // probability that one extra copy leaves right behind it
  double corrupt = 0;            // probability that exactly one bit of the UDP payload is flipped
  double reorder = 0;            // probability that an arrival is held back ...
  std::uint32_t reorder_by = 3;  // ... until this many later frames have left (>= 1)
  Nanoseconds delay = 0;         // added to every frame, >= 0
  Nanoseconds jitter = 0;        // width of the uniform law on top of it, >= 0
  double rate_fps = 0;           // 0: no cap. Departures are 1/rate apart at least; >= 0.001
  // With rate_fps: an arrival that finds this many waiting is dropped. The one that occupies the
  // cap does not wait any more.
  std::uint32_t queue_frames = 64;
  // Probability that such an arrival is dropped. Where it is not it leaves with the last of those
  // that wait, and takes no time of the cap: a device with a soft knee.
  double excess_loss = 1;
  // With rate_fps: after an arrival that finds no room nothing passes for so long. What arrives
  // meanwhile takes its slot all the same, so that a device which is overloaded for longer is
  // blocked until this long after the overload: the time that it takes to recover.
  Nanoseconds blocked = 0;
  // Out of service: of each period from the first arrival on, the last part. 0: never.
  Nanoseconds outage = 0;
  Nanoseconds outage_every = 10 * kSecond;  // > outage
  std::uint64_t seed = 1;
};

enum class Fate : std::uint8_t { kForwarded, kDropped, kQueueFull };

struct Arrival {  // what arrive() decided; the flags are set on kForwarded alone
  Fate fate = Fate::kForwarded;
  bool corrupt = false;       // the caller flips a bit, chosen with `entropy`
  bool duplicated = false;    // two departures of the same handle will come
  bool copy_dropped = false;  // it was to be duplicated, but its copy found the queue full
  bool held = false;          // reordered: later frames will overtake it
  std::uint64_t entropy = 0;  // 64 random bits for the caller's own choices
};

struct Departure {
  std::uint64_t handle = 0;
  // When it left, in the arrivals' own time; never goes back. A frame that was held leaves at the
  // time of the departure before it.
  Nanoseconds at = 0;
  bool copy = false;  // the second of a duplicated frame
  bool last = false;  // no further departure of this handle: the caller may free it
};

// One direction of one wire. One thread.
class WireModel {
 public:
  // Of the seed, so that neither changes another choice. Published, of the jitter: docs/dut.md.
  static constexpr std::uint64_t kJitterStream = 0x6a69747465720000;  // "jitter"
  static constexpr std::uint64_t kExcessStream = 0x6578636573730000;  // "excess"

  // `inside_expected`: handles to make room for; beyond it the room doubles when it is first
  // needed (an allocation) and stays.
  explicit WireModel(const WireSpec& spec, std::size_t inside_expected = 1024);

  // A frame has arrived at time `at` (never before the previous arrival's time, but as far behind
  // the caller's own time as it may be: a caller that was asleep and passes its arrivals late gets
  // the same answers). Where the fate is not kForwarded the handle is the caller's again at once.
  Arrival arrive(std::uint64_t handle, Nanoseconds at);

  // The frames that have left by `now`, in order of departure, at most out.size(); call again while
  // it fills `out`. A held frame leaves right behind the k-th later frame (a frame and its copy
  // count once and are not parted), or, when nothing follows, after flush_held().
  std::size_t depart(Nanoseconds now, std::span<Departure> out);

  // A frame may be held for want of successors: the frames inside at this call are held no longer.
  void flush_held();

  // No frame leaves before this time unless another arrives; the far future when none waits but
  // for successors.
  [[nodiscard]] Nanoseconds next_departure() const;
  [[nodiscard]] std::size_t inside() const { return inside_; }     // arrived and not fully departed
  [[nodiscard]] std::size_t held() const { return held_.size(); }  // waiting for successors

 private:
  __extension__ using FixedTime = __int128;  // 2^-32 ns

  struct Waiting {
    Nanoseconds at = 0;
    std::uint64_t handle = 0;
    bool copy = false;
    bool last = false;
    bool held = false;
  };
  struct Held {
    std::uint64_t release_after = 0;  // leaves when passed_ has reached this
    Waiting frame;
  };

  bool chance(std::uint64_t threshold) { return random_.next() >> 11 < threshold; }
  bool take_slot(Nanoseconds& at);
  bool in_service(Nanoseconds at);
  [[nodiscard]] bool held_ripe() const;
  [[nodiscard]] Nanoseconds leave_after(Nanoseconds slot, Nanoseconds delay);

  WireSpec spec_;
  Random random_;
  Random jitter_random_;
  Random excess_random_;  // one draw for each that finds no room
  // Probabilities in units of 2^-53.
  std::uint64_t loss_, corrupt_, duplicate_, reorder_, excess_loss_;
  FixedTime gap_ = 0;          // 1 / rate_fps; 0: no cap
  FixedTime backlog_max_ = 0;  // queue_frames * gap_
  Nanoseconds blocked_until_ = std::numeric_limits<Nanoseconds>::min();
  std::optional<Nanoseconds> first_arrival_;
  FixedTime cap_free_at_ = 0;    // when the cap can take the next frame
  Nanoseconds last_due_ = 0;     // `at` of the latest that entered waiting_
  Fifo<Waiting> waiting_;        // in order of `at`: the cap is FIFO, the jitter keeps the order
  Fifo<Held> held_;              // in order of release: the hold-back is constant
  std::uint64_t passed_ = 0;     // frames that have left without having been held
  Nanoseconds departed_at_ = 0;  // time of the latest departure
  std::size_t inside_ = 0;
  bool pair_open_ = false;  // the latest departure was a frame whose copy is still to come
};

}  // namespace wireproof
