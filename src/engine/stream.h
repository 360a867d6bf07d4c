// What is sent in a direction, and when: what both of its ends agree upon before the first frame.
// Either end can be made from these values alone, wherever the other one is.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "io/backend.h"
#include "packet/test_frame.h"
#include "traffic/profile.h"
#include "trial/trial.h"

namespace wireproof {

struct Stream {
  TrafficProfile profile;
  std::uint32_t number = 0;  // of its direction, below kStreamsMax
  bool reverse = false;      // addresses exchanged, direction bit set
  HeaderSpec headers;        // of the frames of the first flow
  SentHeaders told;          // the same as a result tells them
  bool reflected = false;    // the receiver has what a reflector sends back
  std::uint32_t spaces = 1;  // sequence spaces, among which the flows are dealt
};

// Between which ports.
struct StreamEnds {
  Device& from;
  unsigned tx_queues = 1;
  const DeviceFacts* to = nullptr;  // of the receiving port, wherever it is; null: nobody receives
  unsigned rx_queues = 1;
};

// Resolves the next hop where the profile names one. Fails with kUsage or kPrecondition.
[[nodiscard]] Result<Stream> plan_stream(const StreamEnds& ends, const TrafficProfile& profile,
                                         bool reverse);

// One run of a stream. Times are of the clock of the end that is given it: whose clocks differ are
// given epochs that differ by as much.
struct StreamRun {
  double fps = 0;  // over all queues; 0: no schedule, as fast as the queues take them
  Nanoseconds duration = 0;
  std::uint32_t burst = 0;  // frames that may be caught up at once
  std::uint16_t trial_id = 0;
  Nanoseconds epoch = 0;     // the first frame is due, and transmit times count from here
  std::uint64_t frames = 0;  // without a schedule: over all queues, then it ends; 0: no limit
  std::optional<RateStep> step;
  bool link_may_go = false;  // a link that goes down does not end it
};

}  // namespace wireproof
