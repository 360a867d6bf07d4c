// Counters that belong to somebody else: a driver may set one back at any time, and others count in
// it as well.
#pragma once

#include <algorithm>
#include <cstdint>

namespace wireproof {

// What a counter grew by. One thread.
class Counter {
 public:
  void begin(std::uint64_t value) { last_ = value; }

  // Takes the next reading; returns what was counted since the one before. Behind a counter that
  // went back that is what it shows now: what it forgot nobody knows.
  std::uint64_t read(std::uint64_t value) {
    const bool back = value < last_;
    const std::uint64_t growth = back ? value : value - last_;
    times_back_ += back;
    last_ = value;
    total_ += growth;
    return growth;
  }

  [[nodiscard]] std::uint64_t total() const { return total_; }  // since begin(), never going back
  [[nodiscard]] std::uint64_t times_back() const { return times_back_; }

 private:
  std::uint64_t last_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t times_back_ = 0;
};

// What is left of a counter when the events are taken out that another counter knows. What explains
// is counted before the event is, and is read after it: the explanations of the last step that had
// any, and no more, may be of events that only a later one shows. One thread.
class Unexplained {
 public:
  // What both grew by since the step before.
  void step(std::uint64_t events, std::uint64_t explanations) {
    const std::uint64_t known = carried_ + explanations;
    total_ += events - std::min(events, known);
    const std::uint64_t latest = explanations > 0 ? explanations : carried_;
    carried_ = std::min(known - std::min(events, known), latest);
  }

  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  std::uint64_t total_ = 0;
  std::uint64_t carried_ = 0;
};

}  // namespace wireproof
