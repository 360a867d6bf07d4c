// Which loop runs on which core.
#pragma once

#include <string>
#include <vector>

#include "base/core_partition.h"
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
  bool isolate = false;  // the cores with loops are for them alone: one of `allowed` must be left
};

struct CorePlan {
  std::vector<unsigned> tx;  // a core for each sending loop
  std::vector<unsigned> rx;  // a core for each receiving loop
  CpuList control;           // where the rest of the program may run
  bool shared = false;       // some core both sends and receives, or has several loops
  std::string note;          // a sentence for the result; empty when every loop has a core alone
  // Of the cores with loops, which the workers join; null: they are everybody's. Outlives the plan.
  const CorePartition* partition = nullptr;

  [[nodiscard]] CpuList with_loops() const;  // ascending, each once
};

// Senders from the highest core down, receivers from the lowest up, the NIC's node first; loops
// share cores when these are few. Fails with kUsage when the user's cores are not allowed, or when
// none is left beside isolated ones.
[[nodiscard]] Result<CorePlan> plan_cores(const CorePlanSpec& spec);

}  // namespace wireproof
