// Which loop runs on which core.
#pragma once

#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/result.h"

namespace wireproof {

struct CorePlanSpec {
  CpuList allowed;   // of this process; not empty
  CpuList near;      // of the NIC's NUMA node; empty: unknown or does not matter
  CpuList tx_cores;  // the user's choice; empty: ours
  CpuList rx_cores;
  unsigned tx_loops = 1;
  unsigned rx_loops = 1;
};

struct CorePlan {
  std::vector<unsigned> tx;  // a core for each sending loop
  std::vector<unsigned> rx;  // a core for each receiving loop
  CpuList control;           // where the rest of the program may run
  bool shared = false;       // some core both sends and receives, or has several loops
  std::string note;          // a sentence for the result; empty when every loop has a core alone
};

// Senders from the highest core down, receivers from the lowest up, the NIC's node first; loops
// share cores when these are few. Fails with kUsage when the user's cores are not allowed.
[[nodiscard]] Result<CorePlan> plan_cores(const CorePlanSpec& spec);

}  // namespace wireproof
