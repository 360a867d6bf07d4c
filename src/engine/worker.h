// What runs the steps of a trial: threads pinned to cores, each running its own in turn until it is
// told to stop; or whoever else a test puts in their place.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/core_partition.h"
#include "base/result.h"
#include "base/words.h"
#include "engine/preemption_log.h"
#include "engine/step.h"

namespace wireproof {

enum class IdlePolicy {
  kSpin,   // never leave the core: the lowest delay, and the core is lost to everybody else
  kSleep,  // nap some 20 us when there is nothing to do: for machines with few cores
};

inline constexpr Words<IdlePolicy, 2> kIdlePolicyWords{
    {{IdlePolicy::kSpin, "spin"}, {IdlePolicy::kSleep, "sleep"}}};

struct WorkerSpec {
  int cpu = -1;                              // -1: not pinned
  std::vector<Step*> steps;                  // outlive the workers
  const CorePartition* partition = nullptr;  // which it joins first; null: none
};

// All workers of a phase of a trial, as the control thread sees them. They are there, and run
// nothing, until go(); they run nothing any more after stop() or the destructor.
class Workers {
 public:
  virtual ~Workers() = default;
  // Blocks until all could run at once (milliseconds). Fails (kPrecondition) where the host refused
  // one of them; then none has run anything.
  [[nodiscard]] virtual Status wait_until_ready() const = 0;
  virtual void go() = 0;
  virtual void stop() = 0;
  // After stop(): of the i-th worker. Naps are no preemptions.
  [[nodiscard]] virtual const PreemptionLog& preemptions(std::size_t worker) const = 0;
};

using MakeWorkers = std::function<std::unique_ptr<Workers>(
    std::vector<WorkerSpec>, IdlePolicy, const Clock&, const PreemptionThresholds&)>;

// Threads. Construction starts them, and they pin themselves and wait; the destructor (or stop())
// joins them.
class WorkerGroup final : public Workers {
 public:
  WorkerGroup(std::vector<WorkerSpec> workers, IdlePolicy idle, const Clock& clock,
              const PreemptionThresholds& thresholds = {});
  ~WorkerGroup() override;
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;

  [[nodiscard]] Status wait_until_ready() const override;
  void go() override;
  void stop() override;
  [[nodiscard]] const PreemptionLog& preemptions(std::size_t worker) const override {
    return preemptions_[worker];
  }

 private:
  void work(const WorkerSpec& spec, PreemptionLog& preemptions);
  void take_core(const WorkerSpec& spec);
  // When it was to end.
  [[nodiscard]] Nanoseconds nap(Nanoseconds next_work, bool fed_from_outside) const;

  IdlePolicy idle_;
  const Clock& clock_;
  std::vector<WorkerSpec> specs_;
  std::vector<PreemptionLog> preemptions_;
  int refused_ = 0;                     // the errno of a thread that could not be started
  std::atomic<bool> elsewhere_{false};  // a thread is not on the isolated core that it was to have
  std::atomic<unsigned> ready_{0};
  std::atomic<bool> go_{false};
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace wireproof
