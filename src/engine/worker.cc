#include "engine/worker.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/cpu.h"

namespace wireproof {
namespace {

constexpr int kNiceMost = -20;
constexpr Nanoseconds kNap = 20 * kMicrosecond;
// A sleeper wakes late by some tens of microseconds: nearer deadlines are waited for awake.
constexpr Nanoseconds kWakeLate = 80 * kMicrosecond;

}  // namespace

WorkerGroup::WorkerGroup(std::vector<WorkerSpec> workers, IdlePolicy idle, const Clock& clock,
                         const PauseThresholds& thresholds)
    : idle_(idle), clock_(clock), specs_(std::move(workers)) {
  threads_.reserve(specs_.size());
  pauses_.reserve(specs_.size());
  for (const WorkerSpec& spec : specs_) {
    PauseLog& pauses = pauses_.emplace_back(thresholds);
    threads_.emplace_back([this, &spec, &pauses] { work(spec, pauses); });
  }
}

WorkerGroup::~WorkerGroup() {
  stop();
}

void WorkerGroup::wait_until_ready() const {
  while (ready_.load(std::memory_order_acquire) < specs_.size()) {
    clock_.sleep_until(clock_.now() + kMillisecond / 10);
  }
}

void WorkerGroup::go() {
  go_.store(true, std::memory_order_release);
  go_.notify_all();
}

void WorkerGroup::stop() {
  stop_.store(true, std::memory_order_relaxed);
  go();
  threads_.clear();  // joins
}

void WorkerGroup::work(const WorkerSpec& spec, PauseLog& pauses) {
  prctl(PR_SET_TIMERSLACK, 1);  // naps end when they say, not 50 us later
  // Ahead of ordinary work where this is permitted; where it is not, a pre-emption shows as a
  // stall. A real-time class would be worse: the kernel takes 50 ms of every second from it for the
  // others.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceMost);
  // A core that cannot be had (a cpuset changed under us) costs accuracy, not the trial: the plan
  // was checked against the allowed cores when it was made.
  if (spec.cpu >= 0) static_cast<void>(pin_current_thread(static_cast<unsigned>(spec.cpu)));
  ready_.fetch_add(1, std::memory_order_release);
  go_.wait(false, std::memory_order_acquire);
  pauses.begin(clock_.now());
  while (!stop_.load(std::memory_order_relaxed)) {
    Nanoseconds next_work = Step::kWhenever;
    bool fed_from_outside = false;
    for (Step* step : spec.steps) {
      const Nanoseconds next = step->run();
      fed_from_outside |= next == Step::kWhenever;
      next_work = std::min(next_work, next);
    }
    pauses.turn(clock_.now(), next_work == Step::kBusy);
    if (next_work != Step::kBusy && idle_ == IdlePolicy::kSleep) {
      nap(next_work, fed_from_outside);
      pauses.begin(clock_.now());
    }
  }
}

void WorkerGroup::nap(Nanoseconds next_work, bool fed_from_outside) const {
  const Nanoseconds now = clock_.now();
  Nanoseconds until = next_work == Step::kWhenever ? now + kNap : next_work - kWakeLate;
  if (fed_from_outside) until = std::min(until, now + kNap);
  if (until > now) clock_.sleep_until(until);
}

}  // namespace wireproof
