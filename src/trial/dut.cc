#include "trial/dut.h"

#include <fmt/format.h>

namespace wireproof {

std::string check_identity(const DutCounts& counts) {
  const std::uint64_t in = counts.arrived + counts.duplicated;
  const std::uint64_t out = counts.forwarded + counts.dropped + counts.queue_dropped +
                            counts.pool_dropped + counts.oversize_dropped + counts.unsent;
  if (in == out) return {};
  return fmt::format("arrived {} + duplicated {} is not the sum of the fates, {}", counts.arrived,
                     counts.duplicated, out);
}

}  // namespace wireproof
