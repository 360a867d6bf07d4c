// Each figure under its own key: the samples' figures differ, so that none can stand for another.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/json.h"
#include "report/sample_reports.h"

namespace wireproof {
namespace {

using nlohmann::json;

class JsonKeys : public ::testing::Test {
 protected:
  JsonKeys() : report_(full_trial_report()) {}

  [[nodiscard]] DirectionResult& direction() { return report_.trials[0].directions[0]; }
  [[nodiscard]] json direction_json() const {
    return json::parse(to_json(report_))["trials"][0]["directions"][0];
  }

  RunReport report_;
};

TEST_F(JsonKeys, OfCounts) {
  direction().counts = {.intended = 1,
                        .offered = 2,
                        .unsent = 3,
                        .received = 4,
                        .unique = 5,
                        .lost = 6,
                        .duplicate = 7,
                        .reordered = 8,
                        .late = 9,
                        .stale = 10,
                        .corrupt = 11,
                        .foreign = 12,
                        .misdirected = 13,
                        .readdressed = 14,
                        .unclassified = 15,
                        .rx_dropped = 16};
  EXPECT_EQ(direction_json()["counts"], (json{{"intended", 1},
                                              {"offered", 2},
                                              {"unsent", 3},
                                              {"received", 4},
                                              {"unique", 5},
                                              {"lost", 6},
                                              {"duplicate", 7},
                                              {"reordered", 8},
                                              {"late", 9},
                                              {"stale", 10},
                                              {"corrupt", 11},
                                              {"foreign", 12},
                                              {"misdirected", 13},
                                              {"readdressed", 14},
                                              {"unclassified", 15},
                                              {"rx_dropped", 16}}));
}

TEST_F(JsonKeys, OfAttribution) {
  direction().attribution = {.tx_shortfall = 1,
                             .tx_ring = 2,
                             .dut = 3,
                             .rx_ring = 4,
                             .rx_nic = 5,
                             .late = 6,
                             .readdressed = 7,
                             .not_attributable = 8};
  json expected{{"tx_shortfall", 1}, {"tx_ring", 2}, {"dut", 3},         {"rx_ring", 4},
                {"rx_nic", 5},       {"late", 6},    {"readdressed", 7}, {"not_attributable", 8}};
  EXPECT_EQ(direction_json()["attribution"], expected);
  report_.here().nics[1].udp_payload = true;  // the receiver
  expected.erase("rx_ring");
  expected["rx_socket"] = 4;
  EXPECT_EQ(direction_json()["attribution"], expected);
}

// 2,000 frames in two seconds, of 100 bytes: 120 on the line, 78 behind Ethernet header and tag.
TEST_F(JsonKeys, OfRates) {
  report_.trials[0].duration = 2 * kSecond;
  report_.trials[0].spec.frame_size = 100;
  report_.trials[0].spec.mean_frame_size = 0;
  direction().counts = {
      .intended = 3000, .offered = 2000, .received = 1500, .unique = 1000, .lost = 1000};
  const json rates = direction_json();
  EXPECT_EQ(rates["intended_fps"], 1500.0);
  EXPECT_EQ(rates["offered_fps"], 1000.0);
  EXPECT_EQ(rates["offered_l1_bps"], 960'000.0);
  EXPECT_EQ(rates["offered_l2_bps"], 800'000.0);
  EXPECT_EQ(rates["offered_l3_bps"], 8 * 78'000.0);
  EXPECT_EQ(rates["forwarding_fps"], 500.0);
  EXPECT_EQ(rates["loss_ratio"], 0.5);
}

// The mean of a mix is not a whole number of bytes: 353.8, on the line 373.8, behind the tag 331.8.
TEST_F(JsonKeys, OfRatesOfAMix) {
  report_.trials[0].duration = kSecond;
  report_.trials[0].spec.frame_size = 354;
  report_.trials[0].spec.mean_frame_size = 353.8;
  direction().counts = {.intended = 1000, .offered = 1000, .received = 1000, .unique = 1000};
  const json rates = direction_json();
  EXPECT_DOUBLE_EQ(rates["offered_l1_bps"].get<double>(), 8 * 373'800.0);
  EXPECT_DOUBLE_EQ(rates["offered_l2_bps"].get<double>(), 8 * 353'800.0);
  EXPECT_DOUBLE_EQ(rates["offered_l3_bps"].get<double>(), 8 * 331'800.0);
}

TEST_F(JsonKeys, OfHeaders) {
  const json headers = direction_json()["headers"];
  EXPECT_EQ(headers["src_mac"], "02:00:00:00:00:01");
  EXPECT_EQ(headers["dst_mac"], "02:00:00:00:00:02");
  EXPECT_EQ(headers["next_hop"], "198.18.0.254");
  EXPECT_EQ(headers["vlan"], 7);
  EXPECT_EQ(headers["src_ip"], "198.18.0.1");
  EXPECT_EQ(headers["dst_ip"], "198.19.0.1");
  EXPECT_EQ(headers["dst_ip_last"], "198.19.0.4");
  EXPECT_EQ(headers["src_port"], 49152);
  EXPECT_EQ(headers["src_port_last"], 49167);
  EXPECT_EQ(headers["dst_port"], 9);
  EXPECT_EQ(headers["dscp"], 46);
  EXPECT_EQ(headers["ttl"], 64);
}

TEST_F(JsonKeys, OfDelays) {
  const json latency = direction_json()["latency"];
  const json figures{{"samples", 99'899'986}, {"min_ns", 1'200},     {"mean_ns", 2'346},
                     {"stdev_ns", 322},       {"p50_ns", 2'200},     {"p90_ns", 3'100},
                     {"p99_ns", 5'000},       {"p99_9_ns", 12'000},  {"p99_99_ns", 80'000},
                     {"p99_999_ns", 400'000}, {"max_ns", 1'234'567}, {"negative", 4},
                     {"unstamped", 6}};
  for (const auto& [key, value] : figures.items()) EXPECT_EQ(latency[key], value) << key;
}

TEST_F(JsonKeys, OfReordering) {
  const json reordering = direction_json()["reordering"];
  EXPECT_EQ(reordering["extent_max"], 12);
  EXPECT_EQ(reordering["discontinuities"], 470'000);
  EXPECT_EQ(reordering["discontinuity_max"], 19);
  EXPECT_EQ(reordering["free_runs"], 500'016);
  EXPECT_EQ(reordering["free_run_max"], 4'000);
}

TEST_F(JsonKeys, OfPacing) {
  direction().pacing.lost_behind = 17;
  const json pacing = direction_json()["pacing"];
  const json figures{{"lag_max_ns", 30'000}, {"stalls", 2},     {"burst_room", 32},
                     {"burst_max", 40},      {"caught_up", 80}, {"lost_behind_burst", 17}};
  for (const auto& [key, value] : figures.items()) EXPECT_EQ(pacing[key], value) << key;
  EXPECT_EQ(pacing["lag_ns"]["p90_ns"], 420);
  EXPECT_EQ(pacing["gap_ns"]["p90_ns"], 310);
}

TEST_F(JsonKeys, OfIntervals) {
  direction().intervals = {{.start = 1, .end = 2, .offered = 3, .received = 4, .lost = 5}};
  report_.trials[0].directions.resize(1);
  const json interval = json::parse(to_json(report_))["trials"][0]["intervals"][0];
  EXPECT_EQ(interval["start_ns"], 1);
  EXPECT_EQ(interval["end_ns"], 2);
  EXPECT_EQ(interval["offered"], 3);
  EXPECT_EQ(interval["received"], 4);
  EXPECT_EQ(interval["lost"], 5);
}

// A tenth of 10 Gbit/s by frames of 105 bytes, which are 125 on the line: a million a second.
TEST_F(JsonKeys, OfASearch) {
  RunReport report = search_report();
  report.line_rate_bps = 10e9;
  SearchResult& search = report.searches.at(0);
  search.spec.frame_size = 105;
  search.spec.mean_frame_size = 0;
  search.lower_bound_fps = 1e6;
  search.upper_bound_fps = 1.25e6;
  search.conditional_throughput_fps = 0.5e6;
  const json found = json::parse(to_json(report))["result"]["searches"][0];
  EXPECT_DOUBLE_EQ(found["lower_bound_fps"].get<double>(), 1e6);
  EXPECT_DOUBLE_EQ(found["lower_bound_l1_bps"].get<double>(), 1e9);
  EXPECT_DOUBLE_EQ(found["lower_bound_l2_bps"].get<double>(), 0.84e9);
  EXPECT_DOUBLE_EQ(found["upper_bound_fps"].get<double>(), 1.25e6);
  EXPECT_DOUBLE_EQ(found["conditional_throughput_fps"].get<double>(), 0.5e6);
  EXPECT_DOUBLE_EQ(found["line_rate_fps"].get<double>(), 1e7);
  EXPECT_DOUBLE_EQ(found["percent_of_line_rate"].get<double>(), 10);
}

// The mean of 104.5 bytes counts, 124.5 on the line, and not the 105 that it is rounded to.
TEST_F(JsonKeys, OfASearchOfAMix) {
  RunReport report = search_report();
  report.line_rate_bps = 10e9;
  SearchResult& search = report.searches.at(0);
  search.spec.frame_size = 105;
  search.spec.mean_frame_size = 104.5;
  search.lower_bound_fps = 1e6;
  const json found = json::parse(to_json(report))["result"]["searches"][0];
  EXPECT_DOUBLE_EQ(found["lower_bound_l1_bps"].get<double>(), 8 * 124.5e6);
  EXPECT_DOUBLE_EQ(found["lower_bound_l2_bps"].get<double>(), 8 * 104.5e6);
  EXPECT_DOUBLE_EQ(found["line_rate_fps"].get<double>(), 10e9 / 8 / 124.5);
}

TEST_F(JsonKeys, OfSeveralTrialsTheLastIsTheResult) {
  TrialResult last = report_.trials[0];
  last.spec.id = 2;
  last.verdict = Verdict::kInvalid;
  report_.trials.push_back(last);
  const json result = json::parse(to_json(report_))["result"];
  EXPECT_EQ(result["trial_id"], 2);
  EXPECT_EQ(result["verdict"], "invalid");
}

TEST_F(JsonKeys, OfACalibration) {
  const json found = json::parse(to_json(calibration_report()))["result"]["calibrations"][0];
  EXPECT_EQ(found["ceiling"], (json{{"lossless_fps", 14'100'000.5},
                                    {"precision", 0.02},
                                    {"trial_duration_s", 0.5},
                                    {"tester_limited", true},
                                    {"regular", false}}));
  EXPECT_EQ(found["key"]["tx_cores"], 2);
  EXPECT_EQ(found["key"]["rx_cores"], 3);
}

TEST_F(JsonKeys, OfTransmitStamps) {
  const json nic = json::parse(to_json(report_))["environment"]["nic"][0];
  EXPECT_EQ(nic["tx_stamps"], (json{{"asked", 900},
                                    {"answered", 898},
                                    {"missing", 1},
                                    {"wait_min_ns", 700},
                                    {"wait_p50_ns", 1'100},
                                    {"wait_max_ns", 83'000}}));
}

}  // namespace
}  // namespace wireproof
