#include "base/host_clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <thread>
#include <vector>

#include "base/core_offset.h"
#include "base/cpu.h"
#include "support/fake_root.h"

namespace wireproof {
namespace {

constexpr const char* kSourceFile =
    "sys/devices/system/clocksource/clocksource0/current_clocksource";

Nanoseconds raw() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_RAW, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

// Where this machine cannot use its TSC, the tests of the fall-back are those that count.
bool uses_tsc(const HostClock& clock) {
  return clock.describe().source == "tsc";
}

// Between two readings of the other clock; a preempted test widens them, which harms nothing.
void expect_on_axis(const HostClock& clock, Nanoseconds slack) {
  const Nanoseconds before = raw();
  const Nanoseconds now = clock.now();
  const Nanoseconds after = raw();
  EXPECT_GE(now, before - slack);
  EXPECT_LE(now, after + slack);
}

TEST(HostClock, ItsAxisIsMonotonicRaw) {
  const HostClock clock;
  expect_on_axis(clock, 2 * kMicrosecond);
  const ClockState state = clock.describe();
  EXPECT_EQ(state.reason.empty(), uses_tsc(clock)) << state.reason;
  if (uses_tsc(clock)) {
    EXPECT_GT(state.frequency_hz, 1e8);
    EXPECT_GT(state.rate_error_ppb, 0);
  }
  clock.sleep_until(clock.now() + 30 * kMillisecond);
  clock.refit();
  clock.sleep_until(clock.now() + 5 * kMillisecond);
  expect_on_axis(clock, 2 * kMicrosecond);
}

TEST(HostClock, ARefitNarrowsTheStatedError) {
  const HostClock clock;
  if (!uses_tsc(clock)) GTEST_SKIP() << clock.describe().reason;
  const double before = clock.describe().rate_error_ppb;
  clock.sleep_until(clock.now() + 100 * kMillisecond);
  clock.refit();
  EXPECT_LT(clock.describe().rate_error_ppb, before);
}

TEST(HostClock, ReadsMonotonicRawWhereTheKernelDoesNotTrustTheTsc) {
  FakeRoot root;
  root.write(kSourceFile, "hpet\n");
  const HostClock clock(root.path());
  const ClockState state = clock.describe();
  EXPECT_EQ(state.source, "monotonic_raw");
  EXPECT_FALSE(state.reason.empty());
  EXPECT_EQ(state.frequency_hz, 0);
  expect_on_axis(clock, 0);
}

TEST(HostClock, FallsBackOnItsAxisWhenTheKernelGivesTheTscUp) {
  FakeRoot root;
  root.write(kSourceFile, "tsc\n");
  const HostClock clock(root.path());
  if (!uses_tsc(clock)) GTEST_SKIP() << clock.describe().reason;
  root.write(kSourceFile, "hpet\n");
  clock.sleep_until(clock.now() + 20 * kMillisecond);
  const Nanoseconds before = clock.now();
  clock.refit();
  EXPECT_GE(clock.now(), before);
  expect_on_axis(clock, 2 * kMicrosecond);
  EXPECT_EQ(clock.describe().source, "monotonic_raw");
  EXPECT_EQ(clock.describe().reason, "the kernel's clock source is hpet");
}

TEST(HostClock, SleepsUntilADeadlineAndNotAtAllForOnePast) {
  const HostClock clock;
  const Nanoseconds start = clock.now();
  clock.sleep_until(start - kSecond);
  clock.sleep_until(start + 3 * kMillisecond);
  EXPECT_GE(clock.now(), start + 3 * kMillisecond);
}

// Threads pass their latest reading on; whoever takes it must read no less, whatever is done to the
// clock meanwhile.
TEST(HostClock, NoThreadSeesTimeGoBack) {
  const HostClock clock;
  std::atomic<Nanoseconds> latest{0};
  std::atomic<std::uint64_t> back{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!over.load(std::memory_order_relaxed)) {
        const Nanoseconds seen = latest.load(std::memory_order_acquire);
        const Nanoseconds now = clock.now();
        if (now < seen) back.fetch_add(1);
        latest.store(now, std::memory_order_release);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    clock.sleep_until(clock.now() + 12 * kMillisecond);
    clock.refit();
  }
  clock.distrust("tried");
  clock.sleep_until(clock.now() + 12 * kMillisecond);
  over.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(back.load(), 0u);
}

class Cores : public testing::Test {
 protected:
  void SetUp() override {
    if (cpus_.size() < 2) GTEST_SKIP() << "one CPU";
  }
  // Both CPUs may be kept busy by others for longer than a test wants to wait.
  [[nodiscard]] OffsetInterval compare(Nanoseconds shift) const {
    for (int i = 0; i < 100; ++i) {
      const auto found = core_offset(
          cpus_[0], [&] { return clock_.now(); }, cpus_[1], [&] { return clock_.now() + shift; },
          50 * kMillisecond);
      if (found) return *found;
    }
    ADD_FAILURE() << "no round in 5 s";
    return {};
  }
  CpuList cpus_ = allowed_cpus();
  HostClock clock_;
};

TEST_F(Cores, OfOneMachineAreCompared) {
  const OffsetInterval same = compare(0);
  EXPECT_FALSE(same.excludes_zero()) << same.low << " to " << same.high;
  EXPECT_LE(same.low, same.high + 2);
  clock_.check_cores(cpus_);
  const ClockState state = clock_.describe();
  if (state.cores_checked == 0) GTEST_SKIP() << "the CPUs were busy";
  EXPECT_EQ(state.cores_checked, cpus_.size());
  EXPECT_GT(*state.core_offset_bound_ns, 0);
  EXPECT_EQ(*state.bound_ns, *state.core_offset_bound_ns + state.resolution_ns);
}

// Further than any round trip takes that is not interrupted.
TEST_F(Cores, ThatDisagreeAreFoundOut) {
  constexpr Nanoseconds kShift = 5 * kMillisecond;
  for (const Nanoseconds shift : {kShift, -kShift}) {
    const OffsetInterval apart = compare(shift);
    EXPECT_TRUE(apart.excludes_zero()) << apart.low << " to " << apart.high;
    EXPECT_LE(apart.low, shift + 1);
    EXPECT_GE(apart.high, shift - 1);
  }
}

TEST(CoreOffset, RefusesACpuThatIsNotThere) {
  const HostClock clock;
  const ClockReading read = [&] { return clock.now(); };
  EXPECT_FALSE(core_offset(allowed_cpus().front(), read, kCpuMax, read, 10 * kMillisecond));
}

TEST(StepWatch, CountsStepsAndNotWhatMayBeAnInterruption) {
  StepWatch watch;
  constexpr Nanoseconds kBoot = 1'700'000'000 * kSecond;
  watch.look(kBoot);
  watch.look(kBoot + StepWatch::kStepMin);
  watch.look(kBoot);
  EXPECT_EQ(watch.steps(), 0u);
  watch.look(kBoot + 3600 * kSecond);
  watch.look(kBoot + 3600 * kSecond);
  EXPECT_EQ(watch.steps(), 1u);
  EXPECT_EQ(watch.total_ns(), 3600 * kSecond);
  watch.look(kBoot);
  EXPECT_EQ(watch.steps(), 2u) << "and back";
  EXPECT_EQ(watch.total_ns(), 7200 * kSecond);
}

TEST(StepWatch, ThisHostsWallClockIsLeftAlone) {
  StepWatch watch;
  for (int i = 0; i < 100; ++i) watch.look();
  EXPECT_EQ(watch.steps(), 0u);
}

}  // namespace
}  // namespace wireproof
