// What a frame costs the tester on this very host, without a device: the generator's part of
// sending it and the analyzer's part of receiving it, on one core, over frames in memory. What a
// driver and its NIC add is not in it (trial/core_estimate.h states what is assumed of them).
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "traffic/analyzer.h"

namespace wireproof {

// Frames are made and then analyzed in blocks of this many, each a stretch of its own: long enough
// that reading the clock does not count, short enough that most blocks are not pre-empted.
inline constexpr std::size_t kCostBlockFrames = 512;

struct FrameCostSpec {
  std::vector<std::uint32_t> sizes = {64};  // with FCS, in the order they are emitted, repeated
  std::uint32_t flows = 1024;               // in permuted order, 1..kFlowsMax
  std::size_t blocks = 256;                 // 131,072 frames: some 20 ms in all; at least 1
  bool counters_alone = false;              // no delays, and nothing that is made of them
};

struct FrameCost {
  // To fill a frame, and to analyze it, its delay recorded: of the fastest tenth of the blocks,
  // which nothing else disturbed. A busy hyperthread beside it may make every block twice as slow.
  double tx_ns = 0;
  double rx_ns = 0;
  double tx_ns_median = 0;  // of all blocks: what was had
  double rx_ns_median = 0;
  std::uint64_t sent = 0;  // frames made, each of which was analyzed once ...
  ReceiveCounts received;  // ... and must be among the unique
};

// Allocates, then runs in the calling thread. Fails with kUsage on sizes or flows that no test can
// have, and with kInvalid when a frame was not counted as it should: the cost of wrong work is no
// cost.
[[nodiscard]] Result<FrameCost> measure_frame_cost(const FrameCostSpec& spec, const Clock& clock);

}  // namespace wireproof
