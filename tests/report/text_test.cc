#include "report/text.h"

#include <gtest/gtest.h>

#include <iostream>
#include <sstream>

#include "report/sample_reports.h"
#include "report/text_parts.h"

namespace wireproof {
namespace {

TEST(Text, NumbersForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(14'880'952), "14,880,952");
  EXPECT_EQ(fps_text(812.7438), "812.74");
  EXPECT_EQ(fps_text(14'880'952.38), "14,880,952");
  EXPECT_EQ(mbit_text(9'523'809'523.8), "9,523.81");
  EXPECT_EQ(percent_text(0), "0");
  EXPECT_EQ(percent_text(0.001), "0.1");
  EXPECT_EQ(percent_text(1), "100");
  EXPECT_EQ(percent_text(1e-9), "0.0000001");
  EXPECT_EQ(bit_rate_text(10e9), "10 Gbit/s");
  EXPECT_EQ(bit_rate_text(2.5e9), "2.5 Gbit/s");
  EXPECT_EQ(duration_text(500 * kMillisecond), "500 ms");
  EXPECT_EQ(duration_text(10 * kSecond), "10 s");
  EXPECT_EQ(duration_text(125 * kSecond), "2 m 5 s");
}

TEST(Text, WrapsAtBlanks) {
  const std::string word(30, 'x');
  EXPECT_EQ(wrapped(word + " " + word + " " + word, 4), word + " " + word + "\n    " + word + "\n");
  EXPECT_EQ(wrapped(""), "\n");
}

TEST(Text, NoLineIsLongerThan80Columns) {
  for (const auto& [name, report] : sample_reports()) {
    std::istringstream lines(to_text(report));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), kTextColumns) << name << ": " << line;
      EXPECT_FALSE(line.ends_with(' ')) << name << ": " << line;
    }
  }
}

bool says(const RunReport& report, const std::string& words) {
  const std::string text = to_text(report);
  const bool found = text.find(words) != std::string::npos;
  if (!found) std::cerr << text;
  return found;
}

TEST(Text, ATrialSaysVerdictCountsPlacesAndDelay) {
  const RunReport report = full_trial_report();
  EXPECT_TRUE(says(report, "FAIL: 100,000 of 99,999,990 frames lost (0.1 %)\n"));
  EXPECT_TRUE(says(report, "af_xdp:ens1f0 -> af_xdp:ens1f1\n"));
  EXPECT_TRUE(says(report, "af_xdp:ens1f1 -> af_xdp:ens1f0\n"));
  // 9,999,999 frames/s of 64 bytes: 84 bytes each on the line, 64 in the frame.
  EXPECT_TRUE(says(report, "9,999,999    6,720.00    5,120.00"));
  EXPECT_TRUE(says(report, "device under test or wire                         99,938\n"));
  EXPECT_TRUE(says(report, "p99.999 400.00"));
  EXPECT_TRUE(says(report, "ens1f0: af_xdp, zero-copy, driver ixgbe, MTU 1500, 10 Gbit/s"));
  EXPECT_TRUE(says(report, "cores    2 tx, 3 rx, 0 collector\n"));
  EXPECT_TRUE(says(report, "wireproof 0.1.0 (git 0123abc)"));
  EXPECT_TRUE(says(report, "command  wireproof trial --tx af_xdp:ens1f0\n"));
}

TEST(Text, APassSaysWhatWasAllowed) {
  RunReport report = full_trial_report();
  TrialResult& trial = report.trials[0];
  trial.verdict = Verdict::kPass;
  trial.reason.clear();
  trial.spec.goal_loss_ratio = 0.005;
  EXPECT_TRUE(says(report, "PASS: 200,000 of 199,999,980 frames lost (0.1 %), within the 0.5 %"));
}

TEST(Text, ACommandCanBePastedAgain) {
  RunReport report = full_trial_report();
  report.command = {"wireproof", "search", "--trial-command", "./it's one"};
  EXPECT_TRUE(
      says(report, "clock    tsc at 2.600 GHz, two cores within 61 ns, its rate within 40 ppb"));
  EXPECT_TRUE(says(report, "offset -12 ns\n"));
  report.environment.clock = {.reason = "the processor's TSC is not invariant"};
  report.environment.ptp.reset();
  EXPECT_TRUE(says(report, "clock    monotonic_raw (the processor's TSC is not invariant)\n"));
}

TEST(Text, ASharedCoreIsNamed) {
  RunReport report = full_trial_report();
  report.environment.cores_used = {{1, "tx+rx"}};
  EXPECT_TRUE(says(report, "cores    1 tx+rx (shared)\n"));
}

TEST(Text, SendingAloneSaysNothingOfLoss) {
  const std::string text = to_text(send_only_report());
  EXPECT_EQ(text.find("lost"), std::string::npos);
  EXPECT_EQ(text.find("received"), std::string::npos);
  EXPECT_EQ(text.rfind("PASS: what was asked was sent; nothing is said of", 0), 0u);
  EXPECT_NE(text.find("as fast as the tester can"), std::string::npos);
}

TEST(Text, ASearchIsARowPerSizeWithItsDoubts) {
  const RunReport report = search_report();
  EXPECT_TRUE(says(report, "highest rate at which no frame is lost (ndr), to 0.5 %"));
  EXPECT_TRUE(says(report, "   64     9,980,000   6,706.56   5,109.76   67.07   100,000"));
  EXPECT_TRUE(says(report, "[1] tester-limited, at least this: the tester could not offer"));
  EXPECT_TRUE(says(report, "at most 0.5 % of the frames are lost (pdr)"));
  EXPECT_TRUE(says(report, "[2] the lowest load, 1 frames/s, failed\n"));
}

TEST(Text, WithoutALineRateThereIsNoPercentageOfIt) {
  RunReport report = search_report();
  report.line_rate_bps = 0;
  EXPECT_EQ(to_text(report).find("% of  "), std::string::npos);
  EXPECT_NE(to_text(search_report()).find("% of  "), std::string::npos);
}

TEST(Text, AnErrorComesFirstWithItsCure) {
  EXPECT_EQ(to_text(failed_start_report())
                .rfind("error: there is no interface 'ens1f9'\n"
                       "cure: did you mean 'ens1f0'?\n",
                       0),
            0u);
  EXPECT_TRUE(says(broken_search_report(), "stopped early: the result is of what ran\n"));
}

}  // namespace
}  // namespace wireproof
