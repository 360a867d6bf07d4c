// Which load to try next between the highest that is known good and the lowest that is not.
//
// The forwarding rate of an overloaded device is a good guess at its capacity, so the first loads
// lie just below and just above the guess: a hard device is bracketed in three trials. A guess that
// disappoints is widened sixteenfold, and after a few times dropped for plain bisection. That is
// geometric, because the precision is relative: halving ln(upper/lower) costs the same number of
// trials wherever the answer lies, at most log2(ln(max/min) / precision), 12 from 1 fps to
// 148.8 Mpps at 0.5 %, where the arithmetic middle would need up to 35.
#pragma once

#include <cstddef>

namespace wireproof {

class LoadChooser {
 public:
  // precision: relative width, 0 < precision < 1. goal_loss_ratio: a hard device passes its goal up
  // to capacity / (1 - goal).
  LoadChooser(double precision, double goal_loss_ratio);

  // A load strictly between floor and ceiling; 0 < floor < ceiling.
  [[nodiscard]] double next(double floor, double ceiling);

  // What became of a load. good_fps: what got through there, 0 when unknown.
  void passed(double load);
  void failed(double load, double good_fps);
  // The tester gave up above `achieved_fps`: a place to look near, whatever the goal.
  void gave_up(double load, double achieved_fps);

  // The device as it is now measured is another one: earlier guesses count for nothing.
  void start_over();

  // Trials still needed between the two, if all goes well.
  [[nodiscard]] std::size_t trials_expected(double floor, double ceiling) const;
  // Calls of next() before floor and ceiling are within the precision, whatever the device does.
  [[nodiscard]] std::size_t trials_max(double floor, double ceiling) const;

 private:
  [[nodiscard]] bool guess_is_alive() const;
  [[nodiscard]] double halvings(double floor, double ceiling) const;
  void look_near(double load, double guess);

  double precision_;
  double goal_loss_ratio_;
  double reach_ = 0;  // relative distance of the probes from the guess
  double guess_ = 0;  // 0: none
  unsigned restarts_left_ = 0;
  bool probing_ = false;  // the load chosen last was a probe, not a middle
};

}  // namespace wireproof
