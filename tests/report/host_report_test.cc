#include "report/host_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "report/sample_host_reports.h"

namespace wireproof {
namespace {

TEST(HostReport, TheWorstFindingCounts) {
  HostReport report = sample_host_report();
  EXPECT_EQ(bearing_of(report), Bearing::kLimits);
  report.findings.push_back({Bearing::kBlocks, "link", "down", "up"});
  EXPECT_EQ(bearing_of(report), Bearing::kBlocks);
  EXPECT_EQ(bearing_of(HostReport{}), Bearing::kGood);
}

TEST(HostReport, Json) {
  const auto doctor = nlohmann::json::parse(doctor_to_json(sample_host_report()));
  EXPECT_EQ(doctor["schema"], "wireproof/doctor");
  EXPECT_EQ(doctor["bearing"], "limits");
  EXPECT_EQ(doctor["interface"], "ens1f0");
  EXPECT_EQ(doctor["findings"][1]["subject"], "memlock");
  EXPECT_FALSE(doctor["findings"][0].contains("cure"));
  EXPECT_TRUE(doctor["error"].is_null());
  const auto backends = nlohmann::json::parse(backends_to_json(sample_host_report()));
  EXPECT_EQ(backends["schema"], "wireproof/backends");
  EXPECT_EQ(backends["tool"]["git"], "abc");
  EXPECT_EQ(backends["backends"][0]["state"], "refused");
  EXPECT_EQ(backends["backends"][0]["cure"], "run as root");
  EXPECT_EQ(backends["backends"][2]["state"], "left out");
  EXPECT_FALSE(backends["backends"][1].contains("reason"));
}

TEST(HostReport, JsonOfAnErrorIsComplete) {
  const auto doctor = nlohmann::json::parse(doctor_to_json(failed_host_report()));
  EXPECT_EQ(doctor["error"]["code"], "usage");
  EXPECT_EQ(doctor["error"]["message"], "no interface 'x'");
  EXPECT_TRUE(doctor["findings"].empty());
}

TEST(HostReport, TextFitsEightyColumnsAndHangs) {
  for (const HostReport& report : sample_host_reports()) {
    std::istringstream lines(doctor_to_text(report) + backends_to_text(report));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
  const std::string doctor = doctor_to_text(sample_host_report());
  EXPECT_TRUE(doctor.starts_with("wireproof 1.2.3 (lab1)\nExample 9000, Linux 6.1.0\n")) << doctor;
  EXPECT_NE(doctor.find("good    clock        tsc\n"), std::string::npos) << doctor;
  EXPECT_NE(doctor.find("\n                     cure: ulimit"), std::string::npos) << doctor;
  EXPECT_NE(doctor.find("blocks a test: 0   limits it: 1   good: 1\n"), std::string::npos);
  const std::string backends = backends_to_text(sample_host_report());
  EXPECT_NE(backends.find("af_xdp      refused   cap_bpf is missing\n"), std::string::npos)
      << backends;
  EXPECT_NE(backends.find("dpdk        left out  libdpdk not found\n"), std::string::npos);
}

TEST(HostReport, ThePlanOfOneRateIsALineASize) {
  const std::string text = doctor_to_text(sample_host_report_with_plan({100e9}));
  EXPECT_NE(text.find("line rate at 100 Gbit/s: one port sends"), std::string::npos) << text;
  EXPECT_NE(text.find("\n    64    148.810      8.1      18.1       4        6    11 "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n  1518      8.127 "), std::string::npos) << text;
  EXPECT_NE(text.find("8 GT/s x16, 16 GT/s x8 or 32 GT/s x4"), std::string::npos) << text;
  EXPECT_NE(text.find("\n  12 ns     cost of sending a frame"), std::string::npos) << text;
  // What was disturbed is said, and before the findings.
  EXPECT_NE(text.find("2.1 times as long"), std::string::npos) << text;
  EXPECT_LT(text.find("assumed, not measured"), text.find("limits  memlock")) << text;
}

TEST(HostReport, ThePlanOfAllRatesIsALineARate) {
  const std::string text = doctor_to_text(sample_host_report_with_plan(usual_line_rates()));
  EXPECT_NE(text.find("cores needed at line rate"), std::string::npos) << text;
  EXPECT_NE(text.find("\n        100       4     6    11      2     2     5      1     1     3 "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n        400 "), std::string::npos) << text;
}

TEST(HostReport, ThePlanAsJson) {
  const HostReport report = sample_host_report_with_plan({100e9});
  const auto plan = nlohmann::json::parse(doctor_to_json(report))["plan"];
  EXPECT_EQ(plan["flows"], 1024);
  EXPECT_EQ(plan["costs"][0]["tx_ns"], 8.125);
  EXPECT_EQ(plan["rates"][0]["line_rate_bps"], 100e9);
  EXPECT_EQ(plan["rates"][0]["sizes"][0]["size"], "64");
  EXPECT_EQ(plan["costs"][0]["rx_ns"], 18.1);
  EXPECT_EQ(plan["rates"][0]["sizes"][0]["tx_cores"], 4);
  EXPECT_EQ(plan["rates"][0]["sizes"][0]["rx_cores"], 6);
  EXPECT_EQ(plan["rates"][0]["sizes"][0]["cores"], 11);
  EXPECT_EQ(plan["assumptions"][0]["value"], 12);
  EXPECT_FALSE(nlohmann::json::parse(doctor_to_json(sample_host_report())).contains("plan"));
}

}  // namespace
}  // namespace wireproof
