#include "support/simulated_time.h"

#include <algorithm>

namespace wireproof {

// One at a time, as of a trial's phases.
class SimulatedTime::Crew final : public Workers {
 public:
  Crew(SimulatedTime& time, std::vector<WorkerSpec> specs, const PauseThresholds& thresholds)
      : time_(time), specs_(std::move(specs)), pauses_(specs_.size(), PauseLog(thresholds)) {}
  ~Crew() override { stop(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  [[nodiscard]] Status wait_until_ready() const override { return {}; }
  void go() override {
    for (PauseLog& log : pauses_) log.begin(time_.now());
    time_.crew_ = this;
  }
  void stop() override {
    if (time_.crew_ == this) time_.crew_ = nullptr;
  }
  [[nodiscard]] const PauseLog& pauses(std::size_t worker) const override {
    return pauses_[worker];
  }

  // One turn of everybody; when the next is due.
  Nanoseconds turn(Nanoseconds now, bool pre_empted) {
    Nanoseconds next = Step::kWhenever;
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      if (pre_empted) {
        pre_empted_ = true;
        continue;
      }
      // Naps are no pauses, and all else that passes in a turn is.
      if (pre_empted_) pauses_[i].turn(now, false);
      pauses_[i].begin(now);
      for (Step* step : specs_[i].steps) next = std::min(next, step->run());
    }
    if (!pre_empted) pre_empted_ = false;
    return next;
  }

 private:
  SimulatedTime& time_;
  std::vector<WorkerSpec> specs_;
  std::vector<PauseLog> pauses_;
  bool pre_empted_ = false;
};

MakeWorkers SimulatedTime::workers() {
  return [this](std::vector<WorkerSpec> specs, IdlePolicy, const Clock&,
                const PauseThresholds& thresholds) {
    return std::make_unique<Crew>(*this, std::move(specs), thresholds);
  };
}

void SimulatedTime::sleep_until(Nanoseconds deadline) const {
  while (now_ < deadline) {
    const Nanoseconds next = turn();
    now_ = std::min(deadline, std::clamp(next, now_ + kTurn, now_ + kNap));
    act();
  }
}

Nanoseconds SimulatedTime::turn() const {
  Nanoseconds next = Step::kWhenever;
  for (Step* step : always_) next = std::min(next, step->run());
  if (crew_ != nullptr) next = std::min(next, crew_->turn(now_, taken()));
  return next;
}

void SimulatedTime::act() const {
  for (std::size_t i = 0; i < acts_.size();) {
    if (acts_[i].when > now_) {
      ++i;
      continue;
    }
    const std::function<void()> due = std::move(acts_[i].act);
    acts_.erase(acts_.begin() + static_cast<std::ptrdiff_t>(i));
    due();
  }
}

bool SimulatedTime::taken() const {
  return std::any_of(taken_.begin(), taken_.end(),
                     [&](const Taken& one) { return one.from <= now_ && now_ < one.to; });
}

}  // namespace wireproof
