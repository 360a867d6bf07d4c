// What takes the tester's cores away comes with the time that a trial lasts, and not with its load:
// how long a trial can be, by the latest of them, and what they say of the host. Private to
// src/search.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "trial/trial.h"

namespace wireproof {

class Disturbance {
 public:
  // `guaranteed`: the trial was valid.
  void took(Nanoseconds duration, bool guaranteed);

  // That a trial of this duration is valid, by the latest ones: the valid ones that were as long or
  // longer speak for it, the others that were as long or shorter against it. 1 where none does.
  [[nodiscard]] double chance(Nanoseconds duration) const;

  // The longest of `wanted`, its quarter and its sixteenth that has an even chance and is not below
  // `shortest`; the last of these where none has.
  [[nodiscard]] Nanoseconds longest(Nanoseconds wanted, Nanoseconds shortest) const;

 private:
  struct Taken {
    Nanoseconds duration = 0;
    bool guaranteed = false;
  };
  std::vector<Taken> latest_;
};

// "the host took the sender's core away for 29 ms of 2 s, 4.1 ms of it at once"; empty where it
// took none for long. Of a trial with a schedule.
[[nodiscard]] std::string taken_away(const TrialResult& trial);

}  // namespace wireproof
