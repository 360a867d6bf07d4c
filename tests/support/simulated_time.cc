#include "support/simulated_time.h"

#include <algorithm>

namespace wireproof {

// One at a time, as of a trial's phases.
class SimulatedTime::Crew final : public Workers {
 public:
  Crew(SimulatedTime& time, std::vector<WorkerSpec> specs, const PreemptionThresholds& thresholds)
      : time_(time),
        specs_(std::move(specs)),
        preemptions_(specs_.size(), PreemptionLog(thresholds)),
        pre_empted_(specs_.size()) {}
  ~Crew() override { stop(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  [[nodiscard]] Status wait_until_ready() const override { return {}; }
  void go() override {
    for (PreemptionLog& log : preemptions_) log.begin(time_.now());
    time_.crew_ = this;
  }
  void stop() override {
    if (time_.crew_ == this) time_.crew_ = nullptr;
  }
  [[nodiscard]] const PreemptionLog& preemptions(std::size_t worker) const override {
    return preemptions_[worker];
  }

  // One turn of everybody; when the next is due.
  Nanoseconds turn(Nanoseconds now) {
    Nanoseconds next = Step::kWhenever;
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      if (time_.taken(specs_[i].cpu)) {
        pre_empted_[i] = true;
        continue;
      }
      // Naps are no preemptions, and all else that passes in a turn is.
      if (pre_empted_[i]) preemptions_[i].turn(now, false);
      pre_empted_[i] = false;
      preemptions_[i].begin(now);
      for (Step* step : specs_[i].steps) next = std::min(next, step->run());
    }
    return next;
  }

 private:
  SimulatedTime& time_;
  std::vector<WorkerSpec> specs_;
  std::vector<PreemptionLog> preemptions_;
  std::vector<bool> pre_empted_;  // by worker
};

MakeWorkers SimulatedTime::workers() {
  return [this](std::vector<WorkerSpec> specs, IdlePolicy, const Clock&,
                const PreemptionThresholds& thresholds) {
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
  if (crew_ != nullptr) next = std::min(next, crew_->turn(now_));
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

bool SimulatedTime::taken(int cpu) const {
  return std::any_of(taken_.begin(), taken_.end(), [&](const Taken& one) {
    return one.from <= now_ && now_ < one.to && one.cpu.value_or(cpu) == cpu;
  });
}

}  // namespace wireproof
