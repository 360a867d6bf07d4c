#include "stats/loss_bursts.h"

#include <bit>

namespace wireproof {

void LossBursts::merge(const LossBursts& other) {
  bursts += other.bursts;
  lost += other.lost;
  longest = std::max(longest, other.longest);
  lengths.merge(other.lengths);
}

void LossBursts::clear() {
  bursts = lost = longest = 0;
  lengths.clear();
}

void LossBurstReader::read(std::uint64_t arrived, unsigned width) {
  for (;;) {
    const unsigned came = std::min(static_cast<unsigned>(std::countr_one(arrived)), width);
    if (came > 0) end_burst();
    if (came == width) return;
    arrived >>= came;
    width -= came;
    const unsigned missing = std::min(static_cast<unsigned>(std::countr_zero(arrived)), width);
    open += missing;
    if (missing == width) return;
    arrived >>= missing;
    width -= missing;
  }
}

}  // namespace wireproof
