// The load selection of MLRsearch's published library, from its description: what a search of ours
// is compared with. Loads are the points of a geometric grid; each goal has targets that become
// longer and narrower; the goal that wants the lowest load is served.
#pragma once

#include <span>
#include <vector>

#include "trial/measurer.h"
#include "trial/search.h"

namespace wireproof {

struct ReferenceAnswer {
  std::vector<double> lower_fps, upper_fps;  // of each goal; 0: none
  std::vector<double> conditional_fps;
  std::size_t trials = 0;
  double seconds = 0;  // of traffic
};

// `goals` have their range in common; each one's width is its precision.
[[nodiscard]] ReferenceAnswer reference_search(std::span<const SearchSpec> goals,
                                               Measurer& measurer);

}  // namespace wireproof
