#include "job/command_measurer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "search/bisect.h"

namespace wireproof {
namespace {

class CommandMeasurerTest : public ::testing::Test {
 protected:
  Result<TrialResult> measure(const std::string& command, double fps = 1000) {
    CommandMeasurer measurer({.command = command, .grace = grace_}, clock_, interrupted_);
    return measurer.measure(
        {.id = 3, .frame_size = 64, .intended_fps = fps, .duration = 100 * kMillisecond});
  }
  std::string refusal(const std::string& command, ErrorKind kind) {
    const auto result = measure(command);
    EXPECT_FALSE(result) << command;
    if (result) return {};
    EXPECT_EQ(result.error().kind, kind) << command;
    return result.error().message;
  }

  MonotonicClock clock_;
  std::atomic<bool> interrupted_{false};
  Nanoseconds grace_ = 30 * kSecond;
};

constexpr const char* kGood =
    R"(echo '{"intended":100,"offered":100,"received":99,"duration_s":0.1}')";

TEST_F(CommandMeasurerTest, TheAnswerBecomesAJudgedTrial) {
  const auto trial = measure(kGood);
  ASSERT_TRUE(trial) << trial.error().message;
  EXPECT_EQ(trial->spec.id, 3u);
  EXPECT_EQ(trial->verdict, Verdict::kFail);
  EXPECT_EQ(trial->directions[0].counts.lost, 1u);
  EXPECT_EQ(trial->directions[0].attribution.dut, 1u);
  EXPECT_EQ(trial->duration, 100 * kMillisecond);
}

TEST_F(CommandMeasurerTest, ItGetsTheLoadOnItsStandardInput) {
  const auto trial = measure(R"(read line; case "$line" in *'"load_fps":1000.0'*'"trial":3'*) )" +
                             std::string(kGood) + ";; esac");
  ASSERT_TRUE(trial) << trial.error().message;
}

TEST_F(CommandMeasurerTest, ACommandThatDoesNotReadIsNoProblem) {
  EXPECT_TRUE(measure(std::string("exec <&-; ") + kGood));
}

TEST_F(CommandMeasurerTest, AnAnswerThatComesInPiecesIsOne) {
  EXPECT_TRUE(measure(R"(printf '{"intended":100,"off'; sleep 0.2; )"
                      R"(printf 'ered":100,"received":100,"duration_s":0.1}')"));
}

TEST_F(CommandMeasurerTest, WhatItCannotGuaranteeIsInvalid) {
  const auto said = measure(
      R"(echo '{"intended":100,"offered":100,"received":99,"duration_s":0.1,"invalid":"link"}')");
  EXPECT_EQ(said->verdict, Verdict::kInvalid);
  EXPECT_EQ(said->reason, "link");
  const auto short_of =
      measure(R"(echo '{"intended":100,"offered":90,"received":90,"duration_s":0.1}')");
  EXPECT_EQ(short_of->verdict, Verdict::kInvalid);
  EXPECT_EQ(short_of->reason, "tx shortfall: 10 of 100 intended frames were not offered");
  const auto stretched =
      measure(R"(echo '{"intended":100,"offered":100,"received":100,"duration_s":0.105}')");
  EXPECT_EQ(stretched->verdict, Verdict::kInvalid);
  EXPECT_EQ(stretched->reason, "the trial lasted 0.105 s instead of 0.1 s");
}

TEST_F(CommandMeasurerTest, FailuresAreNamed) {
  EXPECT_EQ(refusal("exit 3", ErrorKind::kPeer),
            "the trial command 'exit 3' ended with exit code 3");
  EXPECT_EQ(refusal("kill -9 $$", ErrorKind::kPeer),
            "the trial command 'kill -9 $$' was ended by signal 9");
  EXPECT_NE(refusal("/no/such/tester", ErrorKind::kPrecondition).find("cannot be run"),
            std::string::npos);
  EXPECT_NE(refusal("echo hello", ErrorKind::kPeer).find("is not JSON"), std::string::npos);
  EXPECT_NE(refusal("true", ErrorKind::kPeer).find("is not JSON"), std::string::npos);
  EXPECT_NE(refusal("head -c 100000 /dev/zero", ErrorKind::kPeer).find("more than 65536 bytes"),
            std::string::npos);
  EXPECT_NE(refusal(R"(echo '{"intended":97,"offered":97,"received":97,"duration_s":0.1}')",
                    ErrorKind::kPeer)
                .find("intended 97 frames where 100 were asked for"),
            std::string::npos);
}

// A zombie does not run; in a container nobody may ever reap it.
bool runs(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return stat >> number >> name >> state && state != "Z";
}

// The child would inherit that this process ignores SIGPIPE, and `yes` would never end.
TEST_F(CommandMeasurerTest, ABrokenPipeInsideTheCommandEndsItsParts) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto trial = measure(std::string("yes | head -1 >/dev/null; ") + kGood);
  std::signal(SIGPIPE, before);
  EXPECT_TRUE(trial) << trial.error().message;
}

TEST_F(CommandMeasurerTest, OneThatDoesNotEndIsKilledWithAllItStarted) {
  grace_ = 100 * kMillisecond;
  const std::string file =
      std::filesystem::temp_directory_path() / ("wireproof-child-" + std::to_string(getpid()));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(refusal("sleep 60 & echo $! >" + file + "; wait", ErrorKind::kPeer)
                .find("did not end within 0.2 s"),
            std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  pid_t sleeper = 0;
  std::ifstream(file) >> sleeper;
  std::filesystem::remove(file);
  ASSERT_GT(sleeper, 0);
  for (int i = 0; i < 100 && runs(sleeper); ++i) usleep(10'000);
  EXPECT_FALSE(runs(sleeper));
}

TEST_F(CommandMeasurerTest, AnInterruptionEndsItSoon) {
  std::thread user([&] {
    usleep(200'000);
    interrupted_ = true;
  });
  const auto begin = std::chrono::steady_clock::now();
  refusal("sleep 60", ErrorKind::kInterrupted);
  user.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(CommandMeasurerTest, OneThatGoesOnTalkingIsEndedAllTheSame) {
  grace_ = 100 * kMillisecond;
  const std::string talks = "while :; do echo x; sleep 0.004; done";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_NE(refusal(talks, ErrorKind::kPeer).find("did not end within"), std::string::npos);
  grace_ = 30 * kSecond;
  std::thread user([&] {
    usleep(100'000);
    interrupted_ = true;
  });
  refusal(talks, ErrorKind::kInterrupted);
  user.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(CommandMeasurerTest, ItsOwnMaximumCannotBeAsked) {
  CommandMeasurer measurer({.command = kGood}, clock_, interrupted_);
  const auto result = measurer.measure({.max_rate = true, .duration = kSecond});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kUsage);
}

// A device of 5,000 frames/s, in awk.
TEST_F(CommandMeasurerTest, ASearchThroughACommandFindsTheCapacity) {
  CommandMeasurer measurer(
      {.command = R"(sed 's/[{}"a-z_]//g;s/:/ /g;s/,//g' | awk '{n=int($1*$2+0.5); c=5000*$2; )"
                  R"(printf "{\"intended\":%d,\"offered\":%d,\"received\":%d,\"duration_s\":%s}",)"
                  R"( n, n, n<c?n:c, $2}')"},
      clock_, interrupted_);
  const auto found = bisect({.max_fps = 100e3}, measurer, clock_, nullptr);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->regular) << found->reason;
  EXPECT_NEAR(*found->lower_bound_fps, 5000, 25);
}

}  // namespace
}  // namespace wireproof
