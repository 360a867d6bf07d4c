#include "base/thread_scope.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <thread>

namespace wireproof {
namespace {

// Before any test: one that leaves fewer behind must not hide it from the next.
const CpuList kAllCpus = allowed_cpus();

TEST(ThreadScope, CpusAreThoseOfTheScopeAndThenThoseOfBefore) {
  const CpuList& before = kAllCpus;
  ASSERT_EQ(allowed_cpus(), before);
  {
    auto scope = ScopedCpus::make({before.back()});
    ASSERT_TRUE(scope.has_value()) << scope.error().message;
    EXPECT_EQ(allowed_cpus(), CpuList{before.back()});
    const ScopedCpus moved = *std::move(scope);
    EXPECT_EQ(allowed_cpus(), CpuList{before.back()});
    CpuList elsewhere;
    std::jthread([&] { elsewhere = allowed_cpus(); }).join();
    EXPECT_EQ(elsewhere, CpuList{before.back()}) << "what it starts inherits them";
  }
  EXPECT_EQ(allowed_cpus(), before);
}

TEST(ThreadScope, NoCpuAtAllIsRefusedAndChangesNothing) {
  const CpuList before = allowed_cpus();
  EXPECT_FALSE(ScopedCpus::make({}).has_value());
  EXPECT_FALSE(ScopedCpus::make({kCpuMax}).has_value());
  EXPECT_FALSE(ScopedCpus::make({kCpuMax + 1}).has_value());
  EXPECT_EQ(allowed_cpus(), before);
}

TEST(ThreadScope, TimerSlackIsThatOfBefore) {
  const int before = prctl(PR_GET_TIMERSLACK);
  {
    const ScopedTimerSlack slack(1'234);
    EXPECT_EQ(prctl(PR_GET_TIMERSLACK), 1'234);
  }
  EXPECT_EQ(prctl(PR_GET_TIMERSLACK), before);
}

}  // namespace
}  // namespace wireproof
