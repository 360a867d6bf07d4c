#include "engine/worker.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "base/cpu.h"

namespace wireproof {
namespace {

constexpr int kNiceMost = -20;
constexpr Nanoseconds kNap = 20 * kMicrosecond;
// A sleeper wakes late by some tens of microseconds: nearer deadlines are waited for awake.
constexpr Nanoseconds kWakeLate = 80 * kMicrosecond;
// However far the next deadline is: who is to stop hears of it when it wakes.
constexpr Nanoseconds kNapMost = 20 * kMillisecond;

}  // namespace

WorkerGroup::WorkerGroup(std::vector<WorkerSpec> workers, IdlePolicy idle, const Clock& clock,
                         const PreemptionThresholds& thresholds)
    : idle_(idle), clock_(clock), specs_(std::move(workers)) {
  threads_.reserve(specs_.size());
  preemptions_.reserve(specs_.size());
  try {
    for (const WorkerSpec& spec : specs_) {
      PreemptionLog& preemptions = preemptions_.emplace_back(thresholds);
      threads_.emplace_back([this, &spec, &preemptions] { work(spec, preemptions); });
    }
  } catch (const std::system_error& error) {
    refused_ = error.code().value();
    stop();
  } catch (...) {
    stop();  // those that run would wait for go() for ever
    throw;
  }
}

WorkerGroup::~WorkerGroup() {
  stop();
}

Status WorkerGroup::wait_until_ready() const {
  if (refused_ != 0) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("the host refuses a thread for each of {} cores: {}", specs_.size(),
                            std::strerror(refused_)),
                "raise the limit on processes (ulimit -u, pids.max of the control group) or on "
                "memory (ulimit -v), or give fewer --queues",
                refused_);
  }
  while (ready_.load(std::memory_order_acquire) < specs_.size()) {
    clock_.sleep_until(clock_.now() + kMillisecond / 10);
  }
  if (elsewhere_) {
    return fail(ErrorKind::kPrecondition,
                "the kernel refuses a worker its isolated core, which it had granted before",
                "see which program changes its control group (systemd, a container engine)");
  }
  return {};
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

void WorkerGroup::take_core(const WorkerSpec& spec) {
  const bool joined = spec.partition == nullptr || spec.partition->join().has_value();
  // A core that cannot be had (a cpuset changed under us) costs accuracy, not the trial: the plan
  // was checked against the allowed cores when it was made. An isolated one was promised.
  const bool pinned =
      spec.cpu < 0 || pin_current_thread(static_cast<unsigned>(spec.cpu)).has_value();
  if (spec.partition != nullptr && !(joined && pinned)) elsewhere_ = true;
}

void WorkerGroup::work(const WorkerSpec& spec, PreemptionLog& preemptions) {
  prctl(PR_SET_TIMERSLACK, 1);  // naps end when they say, not 50 us later
  // Ahead of ordinary work where this is permitted; where it is not, a pre-emption shows as a
  // stall. A real-time class would be worse: the kernel takes 50 ms of every second from it for the
  // others.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceMost);
  take_core(spec);
  ready_.fetch_add(1, std::memory_order_release);
  go_.wait(false, std::memory_order_acquire);
  preemptions.begin(clock_.now());
  while (!stop_.load(std::memory_order_relaxed)) {
    Nanoseconds next_work = Step::kWhenever;
    bool fed_from_outside = false;
    for (Step* step : spec.steps) {
      const Nanoseconds next = step->run();
      fed_from_outside |= next == Step::kWhenever;
      next_work = std::min(next_work, next);
    }
    preemptions.turn(clock_.now(), next_work == Step::kBusy);
    if (next_work != Step::kBusy && idle_ == IdlePolicy::kSleep) {
      const Nanoseconds due = nap(next_work, fed_from_outside);
      preemptions.woke(due, clock_.now());
    }
  }
}

Nanoseconds WorkerGroup::nap(Nanoseconds next_work, bool fed_from_outside) const {
  const Nanoseconds now = clock_.now();
  Nanoseconds until = next_work == Step::kWhenever ? now + kNap : next_work - kWakeLate;
  until = std::min(until, now + (fed_from_outside ? kNap : kNapMost));
  if (until > now) clock_.sleep_until(until);
  return std::max(until, now);
}

}  // namespace wireproof
