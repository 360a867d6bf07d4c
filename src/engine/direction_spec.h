// What both ends of a direction are made of.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "engine/tx_loop.h"
#include "io/backend.h"
#include "traffic/schedule.h"

namespace wireproof {

struct DirectionSpec {
  Device* from = nullptr;
  Device* to = nullptr;  // null: nobody receives here
  bool reverse = false;  // addresses exchanged, direction bit set
  unsigned queues = 1;
  Nanoseconds waiting_time = 500 * kMillisecond;
  std::uint32_t delay_every = 1;
  TxStamp tx_stamp = TxStamp::kBurst;
  PacingMode pacing = PacingMode::kBurst;
  ScheduleKind schedule = ScheduleKind::kConstant;
  std::uint32_t burst_size = 1;
  std::optional<std::uint32_t> burst_room;  // PacerSpec::room, over all queues; absent: by the rate
  double unsent_ratio = 0;                  // of the intended, that may be left out
  std::size_t log_frames = 0;
  Nanoseconds interval = kSecond;
};

// One run of a direction: what its ends begin with.
struct DirectionRun {
  double fps = 0;  // over all queues; 0: no schedule, as fast as the queues take them
  Nanoseconds duration = 0;
  std::uint32_t burst = 0;  // frames that may be caught up at once
  std::uint16_t trial_id = 0;
  Nanoseconds epoch = 0;  // the first frame is due
};

}  // namespace wireproof
