#include "report/text.h"

#include <gtest/gtest.h>

#include <iostream>
#include <sstream>

#include "report/sample_reports.h"
#include "report/text_parts.h"
#include "trial/derive.h"

namespace wireproof {
namespace {

TEST(Text, NumbersForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(14'880'952), "14,880,952");
  EXPECT_EQ(fps_text(812.7438), "812.74");
  EXPECT_EQ(fps_text(999.9999), "1,000");
  EXPECT_EQ(fps_text(500), "500");
  EXPECT_EQ(microseconds_text(6'905'912), "6,905.912");
  EXPECT_EQ(microseconds_text(-26'527, 100), "-26.5");
  EXPECT_EQ(microseconds_text(-1'234'567'000, 1'000), "-1,234,567");
  EXPECT_EQ(times_text(1), "once");
  EXPECT_EQ(times_text(2'000), "2,000 times");
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
  EXPECT_TRUE(says(report, "device under test or wire                         99,934\n"));
  EXPECT_TRUE(says(report, "p99.999 400.00"));
  EXPECT_TRUE(says(report, "ens1f0: af_xdp, zero-copy, driver ixgbe, MTU 1500, 10 Gbit/s"));
  EXPECT_TRUE(
      says(report, "cores    2 tx, 3 rx, 0 collector; isolated: 2,3 (11 interrupts moved)\n"));
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
  EXPECT_TRUE(says(report, R"(--trial-command './it'\''s one')"));
}

TEST(Text, TheClockSaysItsSourceAndWhatItIsWorth) {
  RunReport report = full_trial_report();
  EXPECT_TRUE(
      says(report,
           "clock    tsc at 2.600 GHz, offset between cores at most 61 ns, frequency error\n"
           "         at most 40 ppb"));
  EXPECT_TRUE(says(report, "offset -12 ns\n"));
  report.here().clock = {.reason = "the processor's TSC is not invariant"};
  report.here().ptp.reset();
  EXPECT_TRUE(says(report, "clock    monotonic_raw (the processor's TSC is not invariant)\n"));
}

// The text with every run of blanks as one: where a line is broken is not what these are about.
bool says_in_a_line(const RunReport& report, const std::string& words) {
  std::istringstream text(to_text(report));
  std::string line;
  for (std::string word; text >> word;) line += word + " ";
  const bool found = line.find(words) != std::string::npos;
  if (!found) std::cerr << line;
  return found;
}

TEST(Text, EachRareCountAndPlaceIsItsOwn) {
  RunReport report = full_trial_report();
  DirectionResult& one = report.trials[0].directions[0];
  one.counts.late = 1'234;
  one.counts.corrupt = 5'678;
  one.attribution.not_attributable = 30;
  one.pacing.lost_behind = 10;
  EXPECT_TRUE(says_in_a_line(report, "late 1,234 "));
  EXPECT_TRUE(says_in_a_line(report, "corrupt 5,678 "));
  EXPECT_TRUE(says_in_a_line(report, "not attributable (tester's own bursts) 10 "));
  EXPECT_TRUE(says_in_a_line(report, "not attributable (device or tester) 20 "));
  EXPECT_TRUE(says_in_a_line(report, "tester's receive ring or socket 30 "));
  EXPECT_TRUE(says_in_a_line(report, "tester's NIC or driver, receiving 20 "));
}

TEST(Text, ATrialSaysHowLongItWasToBeAndHowLongItWas) {
  RunReport report = full_trial_report();
  report.trials[0].duration = 9 * kSecond;
  EXPECT_TRUE(says_in_a_line(report, "10 s asked, 9 s measured"));
}

TEST(Text, EachFigureOfABaselineStandsUnderItsName) {
  EXPECT_TRUE(says_in_a_line(
      full_trial_report(),
      "tester alone, delay in us p50 1.90, p99.9 8.00, baseline rate 14,100,000 frames/s "));
  EXPECT_TRUE(says_in_a_line(calibration_report(), "bytes min p50 p99 p99.9 max frames/s note "));
  EXPECT_TRUE(
      says_in_a_line(calibration_report(), " 64 1.20 2.20 5.00 12.00 1,234.57 14,100,001 [1] "));
}

TEST(Text, OfADeviceEachWayIsAColumn) {
  EXPECT_TRUE(says_in_a_line(dut_report(), "frames a to b b to a arrived 1,000,000 0 "));
  EXPECT_TRUE(says_in_a_line(dut_report(), "rx_ring_dropped 12 unknown "));
}

TEST(Text, ASearchInWhichNothingCameBackSaysWhatToCheck) {
  constexpr const char* kCheck = "no frame came back in any trial: check MAC addresses, routes";
  RunReport report = search_report();
  EXPECT_EQ(to_text(report).find("no frame came back"), std::string::npos);
  for (TrialResult& trial : report.searches[2].trials) trial.directions[0].counts.received = 0;
  EXPECT_TRUE(says_in_a_line(report, kCheck));
  report.searches[2].trials.clear();
  EXPECT_EQ(to_text(report).find("no frame came back"), std::string::npos) << "nothing was sent";
}

TEST(Text, OfAGoalThatSeveralTrialsDecideItsTimesAreTold) {
  RunReport report = search_report();
  EXPECT_TRUE(says_in_a_line(
      report, "highest rate at which no frame is lost in 50 % of 21 s (csit-ndr), to 0.5 %, by "));
  // Goals that were searched at once have their trials in common: each is listed once.
  report.searches = {report.searches[3], report.searches[3]};
  const std::string list = search_trials_text(report);
  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 5) << list;
}

// 100,000 lost each way: of a search's answer, and in the list of its trials, both are told.
TEST(Text, LossesOfASearchAreThoseOfAllDirections) {
  RunReport report = search_report();
  report.searches.resize(1);
  SearchResult& search = report.searches[0];
  search.trials.resize(1);
  search.trials[0].directions.push_back(search.trials[0].directions[0]);
  search.final_trial = search.trials[0];
  const std::string table = searches_text(report);
  EXPECT_NE(table.find(" 200,000 "), std::string::npos) << table;
  const std::string list = search_trials_text(report);
  EXPECT_NE(list.find(" 200,000 "), std::string::npos) << list;
}

TEST(Text, TimingSaysEachDefinitionByItsName) {
  const RunReport report = full_trial_report();
  EXPECT_TRUE(says_in_a_line(
      report, "TX timestamp per burst, error at most 7.500 us; RX timestamp: xdp); 4 negative; "));
  EXPECT_TRUE(says_in_a_line(report, "; 6 came without that timestamp and have the poll time "));
  EXPECT_TRUE(says_in_a_line(
      report, "delay from the scheduled time, us: p50 2.30, p99 6.00, p99.9 33.00, max 1,264.57 "));
  EXPECT_TRUE(says_in_a_line(
      report,
      "delay variation, us: RFC 3550 jitter mean 0.310, max 0.513 over 16 sequence spaces, IPDV "
      "mean "
      "absolute 0.251, p0.1 -9.001, p99.9 9.002, PDV p50 1.000, p99 3.800, p99.9 10.800, max "
      "1,233.367 "));
  EXPECT_TRUE(says_in_a_line(report,
                             "reordering: extent mean 2.25, max 12 frames; late time max "
                             "84.000 us; 1,200 of 500,000 are 3-reordered "));
  EXPECT_TRUE(says_in_a_line(report, "40,000 loss events, mean length 2.5, longest 17 frames; "));
  EXPECT_TRUE(says_in_a_line(report, "the last lost was sent before 1.235 s "));
  EXPECT_TRUE(
      says_in_a_line(report,
                     "inter-frame gap, us: target 0.100, mean 0.100, stdev 0.341, p50 0.000, "
                     "p99 0.640 (constant schedule, burst pacing); transmit lateness, us: "
                     "p99 0.700, max "));
  EXPECT_TRUE(says_in_a_line(report, "(bursty schedule, precise pacing)"));
  EXPECT_TRUE(says_in_a_line(report,
                             "transmit stalls: 2 longer than --burst can catch up; maximum "
                             "lateness 30 us, skipped frames included "));
  EXPECT_TRUE(
      says_in_a_line(report, "TX thread pre-empted 3 times, 250 us total, longest 120 us "));
  EXPECT_TRUE(says_in_a_line(report, "RX thread pre-empted once, 2 ms total, longest 2 ms "));
}

TEST(Text, TimingIsSilentOfWhatWasNotMeasured) {
  RunReport report = full_trial_report();
  report.trials[0].directions.resize(1);
  DirectionResult& d = report.trials[0].directions[0];
  d.jitter.reset();  // --latency 1/N
  d.delay->scheduled.reset();
  d.delay->negative = 0;
  d.delay->unstamped = 0;
  d.counts.reordered = 0;
  d.reordering = ReorderingSummary{.free_runs = 16};
  d.loss_bursts = LossBurstSummary{};
  d.pacing.stalls = 0;
  d.pacing.preemptions.count = 0;
  d.receive_preemptions.count = 0;
  const std::string text = to_text(report);
  for (const char* words :
       {"delay variation", "jitter", "IPDV", "PDV", "scheduled time", "negative", "timestamp and",
        "reordering:", "loss event", "stalls", "pre-empted"}) {
    EXPECT_EQ(text.find(words), std::string::npos) << words;
  }
  EXPECT_NE(text.find("inter-frame gap, us"), std::string::npos);
  // One space: its own value, no mean. Too few samples for a percentile of the spread.
  d.jitter = JitterSummary{.rfc3550_mean = 40,
                           .rfc3550_max = 40,
                           .rfc3550_spaces = 1,
                           .ipdv_window = 1'024,
                           .pdv_max = 70};
  EXPECT_TRUE(says(report, "delay variation, us: RFC 3550 jitter 0.040, PDV max 0.070\n"));
}

TEST(Text, WithoutAScheduleNobodyIsBehindIt) {
  const std::string text = to_text(send_only_report());
  for (const char* words : {"gap,", "lateness", "scheduled"})
    EXPECT_EQ(text.find(words), std::string::npos) << words;
}

// What is on its way is not lost, and what left the window is not all that is: both bounds.
TEST(Text, TheLiveLineSaysBoundsOfTheLossAndTheDelay) {
  DirectionResult so_far = full_trial_report().trials[0].directions[0];
  so_far.counts = {.offered = 20'000, .unique = 19'700, .lost = 150};
  so_far.intervals.resize(1);
  Histogram delays;
  delays.record(1'200, 1'500);
  delays.record(9'000, 500);
  so_far.intervals[0].delay = interval_delay(delays.steps());
  EXPECT_EQ(live_text(so_far),
            "af_xdp:ens1f0 -> af_xdp:ens1f1    1.0 s  sent 10.000 Mpps  received 9.990 Mpps  lost "
            "150 to 300  delay p50 1.2 us  p99 9.0 us");
  // Rates are of the interval, the time is of the trial.
  const std::string first = live_text(so_far);
  so_far.intervals[0].start += 9 * kSecond;
  so_far.intervals[0].end += 9 * kSecond;
  std::string tenth = first;
  tenth.replace(tenth.find("   1.0 s"), 8, "  10.0 s");
  EXPECT_EQ(live_text(so_far), tenth);
  so_far.intervals[0].start -= 9 * kSecond;
  so_far.intervals[0].end -= 9 * kSecond;
  so_far.to.reset();
  EXPECT_EQ(live_text(so_far), "af_xdp:ens1f0 -> none    1.0 s  sent 10.000 Mpps");
}

TEST(Text, CriteriaSayWhatWasMeasuredAndWhere) {
  RunReport report = full_trial_report();
  EXPECT_TRUE(says(report,
                   "criteria of --fail-if\n"
                   "FAILED   loss > 0.05%: 0.1 %, af_xdp:ens1f1 -> af_xdp:ens1f0\n"
                   "ok       delay_p99 > 1.000 ms: 700 us, af_xdp:ens1f0 -> af_xdp:ens1f1\n"
                   "FAILED   pdv_p99 > 1.000 ms: too few frames"));
}

TEST(Text, VerboseAddsEveryTrialAndTheDriversCounters) {
  EXPECT_EQ(to_text(search_report()).find("rx_ring_full"), std::string::npos);
  const std::string text = to_text(search_report(), true);
  EXPECT_NE(
      text.find("counters af_xdp:ens1f0 (since the port was opened): xsk0_rx_ring_full 40, 1\n"
                "         other 0\n"),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find("trial bytes      s       asked/s     offered/s        lost   loss %  verdict\n"
                "    1    64     10    14,880,952     9,999,999     100,000      0.1  fail\n"
                "           lost\n"
                "    2    64     10     9,980,000     9,999,999     100,000      0.1  pass\n"),
      std::string::npos)
      << text;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kTextColumns) << line;
}

TEST(Text, ASharedCoreIsNamed) {
  RunReport report = full_trial_report();
  report.here().cores_used = {{1, "tx+rx"}};
  report.here().isolation.reset();
  EXPECT_TRUE(says(report, "cores    1 tx+rx (shared)\n"));
  report.here().isolation = IsolationFacts{.cores = {1}, .interrupts_moved = 6};
  EXPECT_TRUE(says(report, "cores    1 tx+rx (shared); isolated: 1 (6 interrupts moved)\n"));
}

TEST(Text, SendingAloneSaysNothingOfLoss) {
  const std::string text = to_text(send_only_report());
  EXPECT_EQ(text.find("lost"), std::string::npos);
  EXPECT_EQ(text.find("received"), std::string::npos);
  EXPECT_EQ(text.rfind("PASS: the intended load was sent; arrivals were not measured", 0), 0u);
  EXPECT_NE(text.find("as fast as the tester can send"), std::string::npos);
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
  EXPECT_TRUE(
      says(broken_search_report(), "stopped early: the result covers the time until then\n"));
}

TEST(Text, ASuiteHasATableForEachTest) {
  const RunReport report = suite_report();
  EXPECT_TRUE(says(report, "     64    14,880,952     9,980,000     67.07  line rate\n"));
  EXPECT_TRUE(says(report,
                   "     64  ens1f0 -> ens1f1\n          9,980,000      12.35      11.00      "
                   "23.46       9.00      45.68  [1]\n"));
  EXPECT_TRUE(says(report, "[1] 3 frames were lost at this load\n"));
  EXPECT_TRUE(says(report, "      100   invalid\n       90     25.48\n       60         0\n"));
  // 1,501 frames at 14,880,050/s: 100.874 us, of which the throughput took 67.1 %.
  EXPECT_TRUE(says(
      report, "     64    1501.0    1500    1502    1.4    7  14,880,050    494.3     33.2\n"));
  EXPECT_TRUE(says(report, "     64    10,978,000     5,489,000         1.3  (1.2, 1.3)\n"));
  EXPECT_TRUE(says(report, "     64     9,980,000     45000.0\n"));
  EXPECT_TRUE(says(report, "   imix  not applicable: the throughput is the maximum rate"));
  EXPECT_TRUE(says(report, "   imix  the overload lost no frame\n"));
  EXPECT_TRUE(
      says(report, "   imix             -       100,000         -  at least; throughput given\n"));
  EXPECT_TRUE(says(report, "- latency: 1 repetition, not 20 (RFC 2544 section 26.2)\n"));
}

TEST(Text, ProgressOfASuiteIsALine) {
  EXPECT_EQ(progress_text({.size = "64",
                           .test = SuiteTest::kBackToBack,
                           .number = 3,
                           .tests = 18,
                           .trials = 5,
                           .so_far = "at 19,900 frames/s",
                           .left = 39 * kSecond + 1}),
            "[3/18] 64 bytes, back-to-back: trial 5, at 19,900 frames/s, about 40 s left");
}

}  // namespace
}  // namespace wireproof
