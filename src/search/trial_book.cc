#include "search/trial_book.h"

#include <algorithm>

namespace wireproof {

void TrialBook::take_as_evidence(std::size_t trial) {
  const double fps = trials_[trial].spec.intended_fps;
  auto place = std::lower_bound(loads_.begin(), loads_.end(), fps,
                                [](const TriedLoad& load, double of) { return load.fps < of; });
  if (place == loads_.end() || place->fps != fps) place = loads_.insert(place, {fps, {}});
  place->trials.push_back(trial);
}

}  // namespace wireproof
