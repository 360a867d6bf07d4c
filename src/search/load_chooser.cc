#include "search/load_chooser.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace wireproof {

namespace {

// Both probes together stay within one width: 0.8 of it, the rest is for a guess that is not exact.
constexpr double kFirstReach = 0.4;
// Of 4, 8 and 16 the one that costs a collapsing device least (18, 15, 11 trials over 1,000
// capacities; soft knees 17, 16, 15; hard devices 3 whatever it is).
constexpr double kGrowth = 16;
constexpr double kReachMax = 0.25;
// A device that collapses under overload gives a poor first guess; a failure nearer to its capacity
// gives a better one.
constexpr unsigned kRestarts = 2;

}  // namespace

LoadChooser::LoadChooser(double precision, double goal_loss_ratio)
    : precision_(precision), goal_loss_ratio_(goal_loss_ratio) {
  assert(precision > 0 && precision < 1);
  assert(goal_loss_ratio >= 0 && goal_loss_ratio < 1);
  start_over();
}

void LoadChooser::start_over() {
  reach_ = kFirstReach * precision_;
  guess_ = 0;
  restarts_left_ = kRestarts;
}

bool LoadChooser::guess_is_alive() const {
  return guess_ > 0 && reach_ <= kReachMax;
}

double LoadChooser::next(double floor, double ceiling) {
  assert(floor > 0 && floor < ceiling);
  const auto between = [&](double load) { return floor < load && load < ceiling; };
  probing_ = guess_is_alive();
  if (probing_) {
    const double below = guess_ * (1 - reach_);
    const double above = guess_ * (1 + reach_);
    if (between(below)) return below;
    if (between(above)) return above;
  }
  probing_ = false;
  return std::sqrt(floor) * std::sqrt(ceiling);
}

void LoadChooser::passed(double load) {
  if (guess_ == 0 || load <= guess_) return;
  guess_ = load;
  reach_ *= kGrowth;
}

void LoadChooser::failed(double load, double good_fps) {
  look_near(load, good_fps / (1 - goal_loss_ratio_));
}

void LoadChooser::gave_up(double load, double achieved_fps) {
  look_near(load, achieved_fps);
}

void LoadChooser::look_near(double load, double guess) {
  guess = std::min(guess, load);
  if (guess_ == 0) {
    guess_ = guess;
  } else if (load <= guess_) {
    guess_ = guess;
    reach_ *= kGrowth;
  } else if (!probing_ && restarts_left_ > 0 && guess < load * (1 - precision_)) {
    --restarts_left_;
    guess_ = guess;
    reach_ = kFirstReach * precision_;
  }
}

double LoadChooser::halvings(double floor, double ceiling) const {
  if (ceiling <= floor) return 0;
  // The interval is narrow enough when ln(ceiling / floor) <= -ln(1 - precision).
  const double ratio = std::log(ceiling / floor) / -std::log1p(-precision_);
  return ratio <= 1 ? 0 : std::ceil(std::log2(ratio));
}

std::size_t LoadChooser::trials_expected(double floor, double ceiling) const {
  const auto plain = static_cast<std::size_t>(halvings(floor, ceiling));
  constexpr std::size_t kProbes = 2;
  return guess_is_alive() && guess_ < ceiling ? std::min(plain, kProbes) : plain;
}

std::size_t LoadChooser::trials_max(double floor, double ceiling) const {
  // One guess at one reach has two probes and at most one disappointment between them; each
  // disappointment widens the reach, and each start begins again with the narrowest.
  const double levels = std::max(
      0.0, std::floor(std::log(kReachMax / (kFirstReach * precision_)) / std::log(kGrowth)) + 1);
  const double probes = 3 * levels * (1 + kRestarts);
  return static_cast<std::size_t>(probes + halvings(floor, ceiling) + 1);
}

}  // namespace wireproof
