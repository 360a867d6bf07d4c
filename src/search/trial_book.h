// The trials of one search, by their loads: what every goal of the search looks at. Private to
// src/search.
#pragma once

#include <cstddef>
#include <vector>

#include "trial/search.h"

namespace wireproof {

struct TriedLoad {
  double fps = 0;                   // what was asked of its trials
  std::vector<std::size_t> trials;  // in TrialBook::trials()
};

class TrialBook {
 public:
  void keep(TrialResult trial) { trials_.push_back(std::move(trial)); }
  // That trial was valid and paced: it says something of its load.
  void take_as_evidence(std::size_t trial);

  [[nodiscard]] const std::vector<TrialResult>& trials() const { return trials_; }
  [[nodiscard]] const std::vector<TriedLoad>& loads() const { return loads_; }  // ascending
  // A trial says something of that load or of a higher one.
  [[nodiscard]] bool reaches(double fps) const {
    return !loads_.empty() && loads_.back().fps >= fps;
  }

 private:
  std::vector<TrialResult> trials_;
  std::vector<TriedLoad> loads_;
};

}  // namespace wireproof
