// A known device between two ports: both directions, one thread. Frames cross it byte for byte
// except where its WireSpec says otherwise; it has no addresses, answers nothing, and learns
// nothing.
#pragma once

#include <atomic>

#include "base/clock.h"
#include "engine/forward_log.h"
#include "engine/forward_path.h"
#include "engine/worker.h"
#include "io/backend.h"
#include "trial/dut.h"

namespace wireproof {

struct ForwarderSpec {
  ForwardPathSpec a_to_b;
  ForwardPathSpec b_to_a;                // its b_to_a flag set
  IdlePolicy idle = IdlePolicy::kSleep;  // naps of some 50 us
  // The longest that run() waits for what is inside: at the end of its duration, and when stopped,
  // which is to be over within 100 ms.
  Nanoseconds drain_time = kSecond;
  Nanoseconds stop_time = 60 * kMillisecond;
};

class Forwarder {
 public:
  // Uses queue 0 of both devices. Devices, clock and log (nullptr: none) outlive the forwarder.
  Forwarder(Device& a, Device& b, const ForwarderSpec& spec, const Clock& clock, ForwardLog* log);

  // Forwards until `stop` is set or `duration` (0: no end) has passed, then stops taking frames,
  // lets go what it held back, waits for what is inside and counts the rest as unsent. Returns how
  // long it took frames. Any thread may set `stop`.
  Nanoseconds run(const std::atomic<bool>& stop, Nanoseconds duration);

  // One round of both directions, without idling; returns how many frames came or went.
  std::size_t step();
  // The end of run(): drain, then abandon.
  void finish() { finish_within(spec_.drain_time); }

  [[nodiscard]] const DutCounts& a_to_b() const { return a_to_b_.counts(); }
  [[nodiscard]] const DutCounts& b_to_a() const { return b_to_a_.counts(); }

 private:
  void finish_within(Nanoseconds patience);
  void idle();

  const Clock& clock_;
  ForwarderSpec spec_;
  ForwardPath a_to_b_;
  ForwardPath b_to_a_;
};

}  // namespace wireproof
