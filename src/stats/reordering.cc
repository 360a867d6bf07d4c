#include "stats/reordering.h"

#include <algorithm>
#include <bit>

namespace wireproof {

void Reordering::merge(const Reordering& other) {
  if (placed() == 0) late_time_max = other.late_time_max;
  if (other.placed() > 0) late_time_max = std::max(late_time_max, other.late_time_max);
  reordered += other.reordered;
  unplaced += other.unplaced;
  extent_sum += other.extent_sum;
  extent_max = std::max(extent_max, other.extent_max);
  late_time_sum += other.late_time_sum;
  for (std::size_t i = 0; i < degrees.size(); ++i) degrees[i] += other.degrees[i];
  discontinuities += other.discontinuities;
  discontinuity_max = std::max(discontinuity_max, other.discontinuity_max);
  free_runs += other.free_runs;
  free_run_max = std::max(free_run_max, other.free_run_max);
}

double Reordering::extent_mean() const {
  return placed() == 0 ? 0 : static_cast<double>(extent_sum) / static_cast<double>(placed());
}

double Reordering::late_time_mean() const {
  return placed() == 0 ? 0 : static_cast<double>(late_time_sum) / static_cast<double>(placed());
}

std::vector<std::uint64_t> Reordering::n_reordered() const {
  std::vector<std::uint64_t> counts(degrees.begin(), degrees.end());
  for (std::size_t i = counts.size() - 1; i > 0; --i) counts[i - 1] += counts[i];
  while (!counts.empty() && counts.back() == 0) counts.pop_back();
  return counts;
}

GapLog::GapLog(std::uint32_t spaces, std::uint64_t window)
    : capacity_(std::bit_ceil(window / 2)),
      spaces_(spaces),
      gaps_(std::make_unique_for_overwrite<Gap[]>(capacity_ * spaces)),
      overtaken_(std::make_unique_for_overwrite<Overtaken[]>(Reordering::kDegreeMax * spaces)) {}

void GapLog::clear() {
  std::fill(spaces_.begin(), spaces_.end(), Space{});
  total_ = {};
}

void GapLog::jumped(std::uint32_t space, const Gap& gap, std::uint64_t skipped) {
  Space& state = spaces_[space];
  gaps_[space * capacity_ + (state.gaps++ & (capacity_ - 1))] = gap;
  if (gap.jumper == 0) return;  // nothing was expected yet
  ++total_.discontinuities;
  total_.discontinuity_max = std::max(total_.discontinuity_max, skipped);
}

// The last gap that begins at or below the number. From the newest back in steps that double, then
// by halves: what is reordered mostly came a few gaps ago.
const GapLog::Gap* GapLog::find(std::uint32_t space, std::uint64_t sequence) const {
  const std::uint64_t made = spaces_[space].gaps;
  const std::uint64_t oldest = made - std::min(made, capacity_);
  const Gap* ring = gaps_.get() + space * capacity_;
  const auto begins_above = [&](std::uint64_t position) {
    return ring[position & (capacity_ - 1)].first > sequence;
  };
  std::uint64_t above = made;  // this and all after it begin above
  std::uint64_t below = made;
  for (std::uint64_t step = 1;; step *= 2) {
    if (below == oldest) return nullptr;
    below -= std::min(step, below - oldest);
    if (!begins_above(below)) break;
    above = below;
  }
  while (above - below > 1) {
    const std::uint64_t middle = below + (above - below) / 2;
    (begins_above(middle) ? above : below) = middle;
  }
  return &ring[below & (capacity_ - 1)];
}

// How many arrivals immediately before had larger numbers. Those in order since the gap was made
// all had; so it is the extent, unless a reordered one with a smaller number came since. The
// reordered are kept on a stack, and each takes off those with larger numbers: to whomever comes
// later it is the later of the two, and smaller whenever they are. So the top is always the latest,
// and numbers ascend towards it. What a full stack overwrites came at least kDegreeMax arrivals
// ago.
std::uint64_t GapLog::degree(std::uint32_t space, std::uint64_t sequence, std::uint64_t index,
                             std::uint64_t extent) {
  constexpr std::uint64_t kMax = Reordering::kDegreeMax;
  Space& state = spaces_[space];
  Overtaken* stack = overtaken_.get() + space * kMax;
  while (state.top > state.bottom && stack[(state.top - 1) % kMax].sequence > sequence) --state.top;
  std::uint64_t degree = std::min(extent, kMax);
  if (state.top > state.bottom) {
    degree = std::min(degree, index - stack[(state.top - 1) % kMax].index - 1);
  }
  stack[state.top++ % kMax] = {sequence, index};
  if (state.top - state.bottom > kMax) ++state.bottom;
  return degree;
}

void GapLog::reordered(std::uint32_t space, std::uint64_t sequence, std::uint64_t index,
                       Nanoseconds arrived) {
  Space& state = spaces_[space];
  ++total_.free_runs;
  total_.free_run_max = std::max(total_.free_run_max, index - state.run_begin);
  state.run_begin = index + 1;

  const Gap* gap = find(space, sequence);
  const bool is_first = total_.placed() == 0;
  ++total_.reordered;
  if (gap == nullptr) {
    ++total_.unplaced;
    return;
  }
  const std::uint64_t extent = index - gap->jumper;
  const Nanoseconds late_time = arrived - gap->arrived;
  total_.extent_sum += extent;
  total_.extent_max = std::max(total_.extent_max, extent);
  total_.late_time_sum += late_time;
  total_.late_time_max = is_first ? late_time : std::max(total_.late_time_max, late_time);
  const std::uint64_t n = degree(space, sequence, index, extent);
  if (n > 0) ++total_.degrees[n - 1];
}

}  // namespace wireproof
