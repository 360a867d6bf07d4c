#include "engine/worker.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "support/child.h"
#include "support/sanitized.h"

namespace wireproof {
namespace {

// A turn of a worker's loop: how long it takes, and whether it moved frames.
struct Turn {
  Nanoseconds length;
  bool busy;
};

// Takes these turns on a false clock, then waits to be stopped.
class Turns final : public Step {
 public:
  Turns(FakeClock& clock, std::vector<Turn> turns) : clock_(clock), turns_(std::move(turns)) {}

  Nanoseconds run() override {
    if (next_ == turns_.size()) {
      done_.store(true, std::memory_order_release);
      return kWhenever;
    }
    const Turn& turn = turns_[next_++];
    clock_.advance(turn.length);
    return turn.busy ? kBusy : kWhenever;
  }
  void wait() const {
    while (!done_.load(std::memory_order_acquire)) std::this_thread::yield();
  }

 private:
  FakeClock& clock_;
  std::vector<Turn> turns_;
  std::size_t next_ = 0;
  std::atomic<bool> done_{false};
};

// The clock is the worker's alone between go() and stop().
PreemptionLog preemptions_of(const std::vector<Turn>& turns, IdlePolicy idle, Nanoseconds& begun_at,
                             const PreemptionThresholds& thresholds = {}) {
  FakeClock clock(kSecond);
  Turns step(clock, turns);
  WorkerGroup group({{.steps = {&step}}}, idle, clock, thresholds);
  EXPECT_TRUE(group.wait_until_ready());
  begun_at = clock.now();
  group.go();
  step.wait();
  group.stop();
  return group.preemptions(0);
}

TEST(Worker, TurnsOfItsClockThatTookTooLongArePauses) {
  Nanoseconds begun_at = 0;
  const PreemptionLog preemptions =
      preemptions_of({{kMicrosecond, false},
                      {2 * kMicrosecond - 1, false},
                      {2 * kMicrosecond, false},  // long for a look at nothing
                      {100 * kMicrosecond - 1, true},
                      {100 * kMicrosecond, true},  // long for a burst
                      {3 * kMillisecond, true},
                      {kMicrosecond, true}},
                     IdlePolicy::kSpin, begun_at);
  EXPECT_EQ(preemptions.count(), 3u);
  EXPECT_EQ(preemptions.total(), 3'102 * kMicrosecond);
  EXPECT_EQ(preemptions.max(), 3 * kMillisecond);
  ASSERT_EQ(preemptions.log().size(), 3u);
  // Each begins where the last turn ended.
  EXPECT_EQ(preemptions.log()[0].at - begun_at, 3 * kMicrosecond - 1);
  EXPECT_EQ(preemptions.log()[0].length, 2 * kMicrosecond);
  EXPECT_EQ(preemptions.log()[1].at - begun_at, 105 * kMicrosecond - 2);
  EXPECT_EQ(preemptions.log()[2].at - begun_at, 205 * kMicrosecond - 2);
}

TEST(Worker, ASenderOfSingleFramesHasNoLongTurns) {
  Nanoseconds begun_at = 0;
  const std::vector<Turn> turns = {{20 * kMicrosecond, true}, {5 * kMicrosecond, true}};
  EXPECT_EQ(preemptions_of(turns, IdlePolicy::kSpin, begun_at).count(), 0u);
  const PreemptionThresholds precise{.idle = 10 * kMicrosecond, .busy = 10 * kMicrosecond};
  EXPECT_EQ(preemptions_of(turns, IdlePolicy::kSpin, begun_at, precise).count(), 1u);
}

TEST(Worker, NapsAreNoPauses) {
  Nanoseconds begun_at = 0;
  std::vector<Turn> turns(50, {kMicrosecond, false});
  turns[30].length = 2 * kMillisecond;
  const PreemptionLog preemptions = preemptions_of(turns, IdlePolicy::kSleep, begun_at);
  EXPECT_EQ(preemptions.count(), 1u);
  EXPECT_EQ(preemptions.max(), 2 * kMillisecond);
  // Thirty turns and as many naps of 20 us, which move this clock, came before it.
  EXPECT_EQ(preemptions.log().front().at - begun_at, 30 * 21 * kMicrosecond);
}

// Wakes who sleeps on it 99 us late, and once half a second.
class LateClock final : public Clock {
 public:
  [[nodiscard]] Nanoseconds now() const override { return now_.load(); }
  void sleep_until(Nanoseconds deadline) const override {
    ++sleeps_;
    now_.store(deadline + late_.exchange(99 * kMicrosecond));
  }
  void wake_once_late() { late_.store(500 * kMillisecond); }
  [[nodiscard]] unsigned sleeps() const { return sleeps_.load(); }

 private:
  mutable std::atomic<Nanoseconds> now_{kSecond};
  mutable std::atomic<Nanoseconds> late_{99 * kMicrosecond};
  mutable std::atomic<unsigned> sleeps_{0};
};

class Nothing final : public Step {
 public:
  Nanoseconds run() override { return kWhenever; }
};

TEST(Worker, ASleepThatEndedLateIsAPause) {
  LateClock clock;
  Nothing step;
  WorkerGroup group({{.steps = {&step}}}, IdlePolicy::kSleep, clock);
  ASSERT_TRUE(group.wait_until_ready());
  const unsigned before = clock.sleeps();
  clock.wake_once_late();
  group.go();
  while (clock.sleeps() < before + 5) std::this_thread::yield();
  group.stop();
  EXPECT_EQ(group.preemptions(0).count(), 1u);
  EXPECT_EQ(group.preemptions(0).max(), 500 * kMillisecond);
  PreemptionLog log({});
  log.woke(10, 10 + 100 * kMicrosecond - 1);
  EXPECT_EQ(log.count(), 0u);
  log.woke(20, 20 + 500 * kMillisecond);
  ASSERT_EQ(log.count(), 1u);
  EXPECT_EQ(log.log()[0].at, 20);
  EXPECT_EQ(log.max(), 500 * kMillisecond);
  log.turn(20 + 500 * kMillisecond + 1, false);
  EXPECT_EQ(log.count(), 1u);
}

TEST(PreemptionLog, CountsAllAndKeepsTheFirst) {
  PreemptionLog log({});
  Nanoseconds now = 7;
  log.begin(now);
  for (std::size_t i = 0; i < PreemptionLog::kLogMax + 5; ++i) {
    now += 10 * kMicrosecond + static_cast<Nanoseconds>(i);
    log.turn(now, false);
  }
  EXPECT_EQ(log.count(), PreemptionLog::kLogMax + 5);
  ASSERT_EQ(log.log().size(), PreemptionLog::kLogMax);
  EXPECT_EQ(log.log().front().at, 7);
  EXPECT_EQ(log.log().back().length,
            10 * kMicrosecond + static_cast<Nanoseconds>(PreemptionLog::kLogMax) - 1);
  EXPECT_EQ(log.max(), 10 * kMicrosecond + static_cast<Nanoseconds>(PreemptionLog::kLogMax) + 4);
  EXPECT_EQ(log.total(), now - 7);
}

// Nothing to do for a long time.
class Idle final : public Step {
 public:
  explicit Idle(const Clock& clock) : next_(clock.now() + 60 * kSecond) {}
  Nanoseconds run() override { return next_; }

 private:
  Nanoseconds next_;
};

TEST(Worker, HearsOfItsEndHoweverFarTheNextDeadlineIs) {
  const MonotonicClock clock;
  Idle step(clock);
  WorkerGroup group({{.steps = {&step}}}, IdlePolicy::kSleep, clock);
  ASSERT_TRUE(group.wait_until_ready());
  group.go();
  clock.sleep_until(clock.now() + 100 * kMillisecond);  // it naps by now
  const Nanoseconds asked = clock.now();
  group.stop();
  EXPECT_LT(clock.now() - asked, 20 * kSecond);  // a loaded machine's
}

// Room for the stacks of some threads, and not for those of all.
bool leave_room_for_few_threads() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  rlimit stack{};
  if (!(file >> pages) || getrlimit(RLIMIT_STACK, &stack) != 0) return false;
  constexpr std::uint64_t kMost = 64ull << 20;
  const std::uint64_t one = std::min<std::uint64_t>(stack.rlim_cur, kMost);
  const std::uint64_t now = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const rlimit limit{.rlim_cur = now + 4 * one, .rlim_max = RLIM_INFINITY};
  return setrlimit(RLIMIT_AS, &limit) == 0;
}

TEST(Worker, AThreadThatTheHostRefusesIsAnErrorAndKeepsNobodyWaiting) {
  if (sanitized()) GTEST_SKIP() << "sanitizers need all of the address space";
  const int ended = in_child([] {
    alarm(60);
    if (!leave_room_for_few_threads()) return false;
    const MonotonicClock clock;
    Idle step(clock);
    WorkerGroup group(std::vector<WorkerSpec>(64, {.steps = {&step}}), IdlePolicy::kSleep, clock);
    const Status ready = group.wait_until_ready();
    return !ready && ready.error().kind == ErrorKind::kPrecondition &&
           ready.error().errno_value == EAGAIN;
  });
  EXPECT_EQ(ended, 0);
}

}  // namespace
}  // namespace wireproof
