// Notices early that nothing of what is sent comes back: a wrong address, a missing route or a
// filter is found in a second, not at the end of a long run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/direction.h"

namespace wireproof {

// Control thread alone.
class SilenceWatch {
 public:
  // Called with a sentence, once for each direction.
  void on_silence(std::function<void(const std::string&)> tell) { tell_ = std::move(tell); }

  // Forgets what was said of the trial before.
  void begin_trial(std::size_t directions);
  // The warm-up is over, its waiting time included.
  void after_warm_up(const Directions& directions);
  // While the counted traffic, `elapsed` old, runs.
  void look(const Directions& directions, Nanoseconds elapsed);
  // `result` is that of the index-th direction.
  void after_trial(const Directions& directions, std::size_t index, const DirectionResult& result);

  // Of this trial; one sentence a direction at most.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  void say(const Direction& direction, std::size_t index, const std::string& sent);

  std::function<void(const std::string&)> tell_;
  std::vector<std::string> notes_;
  std::vector<bool> settled_;  // by direction: something came, or it was said that nothing did
  std::vector<bool> told_;     // by direction, in this or an earlier trial
};

}  // namespace wireproof
