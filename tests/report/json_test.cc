#include "report/json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/sample_reports.h"
#include "report/text.h"

namespace wireproof {
namespace {

using nlohmann::json;

json document(const RunReport& report) {
  return json::parse(to_json(report));
}

TEST(Rfc3339, IsUtcToTheNanosecond) {
  EXPECT_EQ(rfc3339_utc(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(rfc3339_utc(1'777'636'800'123'456'789), "2026-05-01T12:00:00.123456789Z");
  EXPECT_EQ(rfc3339_utc(-1), "1969-12-31T23:59:59.999999999Z");
}

TEST(ResultJson, CarriesTheHeadOfTheContract) {
  const json doc = document(full_trial_report());
  EXPECT_EQ(doc["schema"], "wireproof/result");
  EXPECT_EQ(doc["schema_version"], "1.0");
  EXPECT_EQ(doc["kind"], "trial");
  EXPECT_EQ(doc["status"], "failed");
  EXPECT_TRUE(doc["error"].is_null());
  EXPECT_EQ(doc["tool"]["git"], "0123abc");
  EXPECT_EQ(doc["environment"]["nic"][0]["mode"], "zero-copy");
  EXPECT_EQ(doc["environment"]["nic"][0]["tx_stamps"]["wait_p50_ns"], 1100);
  EXPECT_FALSE(doc["environment"]["nic"][1].contains("tx_stamps"));
  EXPECT_EQ(doc["environment"]["cores_used"][1], (json{{"core", 3}, {"role", "rx"}}));
}

TEST(ResultJson, HostsAreAListAndTheFirstStandsBesideItAsWell) {
  const RunReport report = streams_report();
  const json environment = document(report)["environment"];
  ASSERT_EQ(environment["hosts"].size(), 2u);
  for (const auto& [key, value] : environment["hosts"][0].items()) {
    EXPECT_EQ(environment[key], value) << key;
  }
  EXPECT_EQ(environment["hosts"][1]["host"], "lab2");
  EXPECT_EQ(environment["hosts"][1]["nic"][0]["port"], "af_xdp:ens1f1");
  ASSERT_NE(find_nic(report.hosts, "af_xdp:ens1f1"), nullptr);
  EXPECT_EQ(find_nic(report.hosts, "af_xdp:ens1f1"), &report.hosts[1].nics[0]);
  EXPECT_EQ(find_nic(report.hosts, "af_xdp:ens1f2"), nullptr);
  const std::string text = to_text(report);
  EXPECT_NE(text.find("host     lab1, "), std::string::npos) << text;
  EXPECT_NE(text.find("host     lab2, "), std::string::npos) << text;
}

TEST(ResultJson, SaysWhatItsClockIsWorth) {
  RunReport report = full_trial_report();
  const json clock = document(report)["environment"]["clock"];
  EXPECT_EQ(clock["source"], "tsc");
  EXPECT_EQ(clock["sync"], "same_clock");
  EXPECT_EQ(clock["bound_ns"], 61);
  EXPECT_EQ(clock["wall_clock_steps"], 2);
  EXPECT_EQ(clock["wall_clock_step_total_s"], 7200.0);
  EXPECT_EQ(clock["ptp"]["offset_ns"], -12);
  EXPECT_FALSE(clock.contains("reason"));

  report.here().clock = {.reason = "the kernel's clock source is hpet"};
  report.here().ptp = PtpFacts{};  // it runs, and did not answer
  const json fallen = document(report)["environment"]["clock"];
  EXPECT_EQ(fallen["source"], "monotonic_raw");
  EXPECT_EQ(fallen["reason"], "the kernel's clock source is hpet");
  EXPECT_EQ(fallen["wall_clock_steps"], 0);
  EXPECT_EQ(fallen["ptp"], (json{{"running", true}}));
  for (const char* unknown : {"bound_ns", "core_offset_bound_ns", "cores_checked", "frequency_hz",
                              "wall_clock_step_total_s"}) {
    EXPECT_FALSE(fallen.contains(unknown)) << unknown;
  }
}

TEST(ResultJson, KeepsTheConfigurationsTypes) {
  const json config = document(full_trial_report())["config"];
  EXPECT_TRUE(config["size"].is_number_unsigned());
  EXPECT_TRUE(config["bidirectional"].is_boolean());
  EXPECT_EQ(config["seed"], -1);
  EXPECT_EQ(config["cores"], (json{2, 3}));
  EXPECT_EQ(config["tx"], json::array({"af_xdp:ens1f0"}));
  EXPECT_EQ(config["flows"]["src_ip"], "198.18.0.1");
}

TEST(ResultJson, CountsAreIntegersAndAddUp) {
  const json whole = document(full_trial_report());  // C++20 would not keep it for the loop
  for (const json& d : whole["trials"][0]["directions"]) {
    const json& c = d["counts"];
    for (const auto& [key, value] : c.items()) EXPECT_TRUE(value.is_number_unsigned()) << key;
    EXPECT_EQ(c["offered"], c["unique"].get<std::uint64_t>() + c["lost"].get<std::uint64_t>());
    std::uint64_t explained = 0;
    for (const auto& [key, value] : d["attribution"].items())
      explained += value.get<std::uint64_t>();
    EXPECT_EQ(explained, c["lost"].get<std::uint64_t>() + c["unsent"].get<std::uint64_t>());
    EXPECT_DOUBLE_EQ(d["offered_fps"].get<double>(), 9'999'999.0);
    EXPECT_DOUBLE_EQ(d["offered_l1_bps"].get<double>(), 9'999'999.0 * 84 * 8);
    EXPECT_DOUBLE_EQ(d["forwarding_fps"].get<double>(), 9'989'999.0);
    EXPECT_FALSE(d.contains("accounting_error"));
  }
}

TEST(ResultJson, AbsentMeansNotMeasured) {
  const json trial = document(send_only_report())["trials"][0];
  const json& d = trial["directions"][0];
  EXPECT_FALSE(trial.contains("intended_fps"));  // as fast as it could: nothing was asked
  EXPECT_EQ(d["counts"].size(), 3u);
  EXPECT_EQ(d["attribution"].size(), 1u);
  for (const char* key : {"loss_ratio", "forwarding_fps", "latency", "reordering", "window",
                          "jitter", "loss_bursts", "receiver"})
    EXPECT_FALSE(d.contains(key)) << key;
  // Without a schedule there is nothing to be behind.
  EXPECT_EQ(d["pacing"]["mode"], "burst");
  EXPECT_EQ(d["pacing"]["gap_ns"]["p50_ns"], 64);
  for (const char* key : {"schedule", "gap_target_ns", "lag_ns"})
    EXPECT_FALSE(d["pacing"].contains(key)) << key;
}

TEST(ResultJson, WhatAnotherProgramDidNotTellIsAbsent) {
  const json d = document(command_search_report())["trials"][0]["directions"][0];
  EXPECT_EQ(d["counts"], (json{{"intended", 1000},
                               {"offered", 1000},
                               {"unsent", 0},
                               {"received", 999},
                               {"unique", 999},
                               {"lost", 1}}));
  EXPECT_EQ(d["attribution"], (json{{"tx_shortfall", 0}, {"dut", 1}}));
  for (const char* key : {"reordering", "window", "pacing", "sequence_scope"})
    EXPECT_FALSE(d.contains(key)) << key;
}

TEST(ResultJson, APercentileWithoutSamplesIsAbsent) {
  RunReport report = full_trial_report();
  report.trials[0].directions[0].delay->actual.p99_999.reset();
  const json latency = document(report)["trials"][0]["directions"][0]["latency"];
  EXPECT_FALSE(latency.contains("p99_999_ns"));
  EXPECT_EQ(latency["p99_99_ns"], 80'000);
  EXPECT_EQ(latency["mean_ns"], 2'346);
}

TEST(ResultJson, DelayIsToldFromTheScheduleAndAsAHistogramToo) {
  const json d = document(full_trial_report())["trials"][0]["directions"][0];
  const json& latency = d["latency"];
  EXPECT_EQ(latency["tx_span_max_ns"], 7'500);
  EXPECT_EQ(latency["negative"], 4);
  EXPECT_EQ(latency["clock"], "tsc");
  EXPECT_EQ(latency["percentile_resolution"], 1.0 / 1024);
  EXPECT_EQ(latency["scheduled"]["samples"], 99'899'986u);
  EXPECT_EQ(latency["scheduled"]["p99_9_ns"], 33'000);
  EXPECT_EQ(latency["scheduled"]["mean_ns"], 2'646);
  EXPECT_TRUE(latency["hdr"].get<std::string>().starts_with("HISTFAAA"));
  EXPECT_FALSE(latency.contains("overflow"));
}

TEST(ResultJson, VariationIsToldByThreeDefinitions) {
  const json jitter = document(full_trial_report())["trials"][0]["directions"][0]["jitter"];
  EXPECT_EQ(jitter, (json{{"rfc3550_ns", 310},
                          {"rfc3550_max_ns", 513},
                          {"rfc3550_spaces", 16},
                          {"ipdv_pairs", 99'700'000},
                          {"ipdv_window", 1'024},
                          {"ipdv_mean_abs_ns", 251},
                          {"ipdv_min_ns", -1'200'000},
                          {"ipdv_p0_1_ns", -9'001},
                          {"ipdv_p50_ns", -3},
                          {"ipdv_p99_9_ns", 9'002},
                          {"ipdv_max_ns", 1'100'000},
                          {"pdv_p50_ns", 1'000},
                          {"pdv_p99_ns", 3'800},
                          {"pdv_p99_9_ns", 10'800},
                          {"pdv_max_ns", 1'233'367}}));
}

TEST(ResultJson, VariationWithoutPairsOrPercentilesSaysWhatIsLeft) {
  RunReport report = full_trial_report();
  report.trials[0].directions[0].jitter = JitterSummary{.ipdv_window = 32};  // one frame arrived
  report.trials[0].directions[1].jitter.reset();                             // --latency 1/N
  const json directions = document(report)["trials"][0]["directions"];
  EXPECT_EQ(directions[0]["jitter"],
            (json{{"ipdv_pairs", 0}, {"ipdv_window", 32}, {"pdv_max_ns", 0}}));
  EXPECT_FALSE(directions[1].contains("jitter"));
}

TEST(ResultJson, OrderAndLossBurstsByTheirDefinitions) {
  RunReport report = full_trial_report();
  const json d = document(report)["trials"][0]["directions"][0];
  EXPECT_NEAR(d["reordering"]["ratio"].get<double>(), 500'000.0 / 99'899'990, 1e-15);
  EXPECT_EQ(d["reordering"]["extent_mean"], 2.25);
  EXPECT_EQ(d["reordering"]["late_time_max_ns"], 84'000);
  EXPECT_EQ(d["reordering"]["late_time_mean_ns"], 15'500);
  EXPECT_EQ(d["reordering"]["n_reordering"], (json{480'000, 90'000, 1'200}));
  EXPECT_EQ(d["reordering"]["discontinuity_max"], 19);
  EXPECT_EQ(d["reordering"]["free_run_max"], 4'000);
  EXPECT_EQ(d["loss_bursts"], (json{{"count", 40'000},
                                    {"longest", 17},
                                    {"mean", 2.5},
                                    {"p50", 2},
                                    {"p99", 9},
                                    {"last_sent_before_ns", 1'234'567'890}}));
  EXPECT_EQ(d["arrivals"], (json{{"first_ns", 12'345}, {"last_ns", 1'999'000'000}}));
  // Nothing lost: no run has a length.
  report.trials[0].directions[0].loss_bursts = LossBurstSummary{};
  EXPECT_EQ(document(report)["trials"][0]["directions"][0]["loss_bursts"],
            (json{{"count", 0}, {"longest", 0}}));
}

TEST(ResultJson, PacingSaysGapsLatenessAndPreemptions) {
  const json directions = document(full_trial_report())["trials"][0]["directions"];
  const json& pacing = directions[0]["pacing"];
  EXPECT_EQ(pacing["schedule"], "constant");
  EXPECT_EQ(pacing["gap_target_ns"], 100.0);
  EXPECT_EQ(pacing["gap_ns"]["p99_ns"], 640);
  EXPECT_FALSE(pacing["gap_ns"].contains("p99_9_ns"));
  EXPECT_EQ(pacing["lag_ns"]["max_ns"], 29'000);
  EXPECT_EQ(pacing["lag_max_ns"], 30'000);  // of a frame that was skipped
  EXPECT_EQ(pacing["stalls"], 2);
  EXPECT_EQ(pacing["preemptions"]["total_ns"], 250'000);
  EXPECT_EQ(pacing["preemptions"]["log"][0], (json{{"at_ns", -40'000}, {"length_ns", 12'000}}));
  EXPECT_EQ(directions[0]["receiver"]["preemptions"]["count"], 1);
  EXPECT_EQ(directions[1]["pacing"]["mode"], "precise");
  EXPECT_EQ(directions[1]["pacing"]["schedule"], "bursty");
  EXPECT_EQ(directions[1]["latency"]["overflow"], 1);
}

TEST(ResultJson, AnIntervalHasTheDelaysOfItsOwnFrames) {
  const json intervals = document(full_trial_report())["trials"][0]["intervals"];
  // 26 samples: 13 lie above the median, none above a p99. Its edge: 9,000 lies in 9,000..9,007.
  EXPECT_EQ(intervals[0]["delay"], (json{{"samples", 26}, {"p50_ns", 1'200}, {"max_ns", 9'007}}));
  EXPECT_FALSE(intervals[1].contains("delay"));
}

TEST(ResultJson, ASocketsDropsAreTheSockets) {
  RunReport report = full_trial_report();
  report.here().nics[1].udp_payload = true;
  const json directions = document(report)["trials"][0]["directions"];
  EXPECT_EQ(directions[0]["attribution"]["rx_socket"], 30);
  EXPECT_FALSE(directions[0]["attribution"].contains("rx_ring"));
  EXPECT_EQ(directions[1]["attribution"]["rx_ring"], 30);
}

TEST(ResultJson, BrokenAccountingIsNotHidden) {
  RunReport report = full_trial_report();
  report.trials[0].directions[0].counts.lost += 1;
  EXPECT_TRUE(document(report)["trials"][0]["directions"][0].contains("accounting_error"));
}

TEST(ResultJson, ASearchSaysItsBoundsAndItsDoubts) {
  const json doc = document(search_report());
  const json& searches = doc["result"]["searches"];
  ASSERT_EQ(searches.size(), 4u);
  EXPECT_EQ(searches[0]["lower_bound_fps"], 9'980'000.0);
  EXPECT_TRUE(searches[0]["regular"]);
  EXPECT_NEAR(searches[0]["percent_of_line_rate"].get<double>(), 67.0656, 1e-6);
  EXPECT_EQ(searches[0]["final_trial"]["id"], 2);
  EXPECT_TRUE(searches[1]["tester_limited"]);
  EXPECT_FALSE(searches[1].contains("upper_bound_fps"));
  EXPECT_FALSE(searches[2].contains("lower_bound_fps"));
  EXPECT_EQ(doc["trials"].size(), 8u);
  EXPECT_FALSE(searches[0]["goal"].contains("exceed_ratio"));
  EXPECT_FALSE(searches[0]["goal"].contains("duration_sum_s"));
  EXPECT_EQ(searches[3]["goal"]["exceed_ratio"], 0.5);
  EXPECT_EQ(searches[3]["goal"]["duration_sum_s"], 21.0);
}

TEST(ResultJson, WithoutALineRateNothingIsSaidOfIt) {
  RunReport report = search_report();
  report.line_rate_bps = 0;
  const json search = document(report)["result"]["searches"][0];
  EXPECT_FALSE(search.contains("line_rate_fps"));
  EXPECT_FALSE(search.contains("percent_of_line_rate"));
}

TEST(ResultJson, AnErrorIsSaidInFull) {
  const json doc = document(failed_start_report());
  EXPECT_EQ(doc["error"], (json{{"code", "precondition"},
                                {"message", "there is no interface 'ens1f9'"},
                                {"hint", "did you mean 'ens1f0'?"},
                                {"errno", 19}}));
  EXPECT_EQ(doc["result"], json::object());
  EXPECT_EQ(doc["command"].back(), "--json=r\uFFFDsultat.json");
}

TEST(Json, AReceiverNamedNoneIsToldLikeAnyOther) {
  RunReport report = full_trial_report();
  report.trials[0].directions[0].to = "none";
  const json direction = document(report)["trials"][0]["directions"][0];
  EXPECT_EQ(direction["to"], "none");
  EXPECT_EQ(direction["counts"]["lost"], 100'000);
  EXPECT_TRUE(document(report)["trials"][0]["intervals"][0].contains("received"));
}

TEST(EventStream, IsOneObjectALine) {
  const RunReport report = full_trial_report();
  const TrialResult& trial = report.trials[0];
  for (const std::string& line : {trial_event(trial, report.hosts),
                                  interval_event(1, trial.directions[0]), result_event(report)}) {
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
    EXPECT_EQ(line.back(), '\n');
    EXPECT_TRUE(json::parse(line).contains("event"));
  }
  EXPECT_EQ(json::parse(result_event(report))["document"], document(report));
}

}  // namespace
}  // namespace wireproof
