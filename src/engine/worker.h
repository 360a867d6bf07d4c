// Threads pinned to cores, each running its steps in turn until it is told to stop.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/pause_log.h"
#include "engine/step.h"

namespace wireproof {

enum class IdlePolicy {
  kSpin,   // never leave the core: the lowest delay, and the core is lost to everybody else
  kSleep,  // nap some 20 us when there is nothing to do: for machines with few cores
};

struct WorkerSpec {
  int cpu = -1;              // -1: not pinned
  std::vector<Step*> steps;  // outlive the workers
};

// All workers of a trial. Construction starts the threads, which pin themselves and wait; go() lets
// them run together; the destructor (or stop()) ends and joins them.
class WorkerGroup {
 public:
  WorkerGroup(std::vector<WorkerSpec> workers, IdlePolicy idle, const Clock& clock,
              const PauseThresholds& thresholds = {});
  ~WorkerGroup();
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;

  // Blocks until every thread is pinned and waiting (milliseconds). Fails (kPrecondition) where the
  // host refused one of them; then none runs any more.
  [[nodiscard]] Status wait_until_ready() const;
  void go();
  void stop();

  // After stop(): of the i-th worker. Naps are no pauses.
  [[nodiscard]] const PauseLog& pauses(std::size_t worker) const { return pauses_[worker]; }

 private:
  void work(const WorkerSpec& spec, PauseLog& pauses);
  void nap(Nanoseconds next_work, bool fed_from_outside) const;

  IdlePolicy idle_;
  const Clock& clock_;
  std::vector<WorkerSpec> specs_;
  std::vector<PauseLog> pauses_;
  int refused_ = 0;  // the errno of a thread that could not be started
  std::atomic<unsigned> ready_{0};
  std::atomic<bool> go_{false};
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace wireproof
