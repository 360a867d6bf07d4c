#include "report/host_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace wireproof {
namespace {

HostReport sample() {
  using enum BackendFacts::State;
  HostReport report;
  report.tool = {.version = "1.2.3", .git = "abc", .backends = {}};
  report.host.host = "lab1";
  report.host.kernel = "Linux 6.1.0";
  report.host.cpu = "Example 9000";
  report.interface = "ens1f0";
  report.backends = {
      {"af_xdp", "sockets behind an XDP program", kRefused, "cap_bpf is missing", "run as root"},
      {"loopback", "a wire in memory", kUsable, "", ""},
      {"dpdk", "", kLeftOut, "libdpdk not found", ""}};
  report.findings = {{Bearing::kGood, "clock", "tsc", ""},
                     {Bearing::kLimits, "memlock",
                      "8192 KiB, which is too little for the rings that a port with many queues of "
                      "the default length would like to have",
                      "ulimit -l unlimited, or a service with a LimitMEMLOCK of its own, or "
                      "cap_ipc_lock on the file"}};
  return report;
}

TEST(HostReport, TheWorstFindingCounts) {
  HostReport report = sample();
  EXPECT_EQ(bearing_of(report), Bearing::kLimits);
  report.findings.push_back({Bearing::kBlocks, "link", "down", "up"});
  EXPECT_EQ(bearing_of(report), Bearing::kBlocks);
  EXPECT_EQ(bearing_of(HostReport{}), Bearing::kGood);
}

TEST(HostReport, Json) {
  const auto doctor = nlohmann::json::parse(doctor_to_json(sample()));
  EXPECT_EQ(doctor["schema"], "wireproof/doctor");
  EXPECT_EQ(doctor["bearing"], "limits");
  EXPECT_EQ(doctor["interface"], "ens1f0");
  EXPECT_EQ(doctor["findings"][1]["subject"], "memlock");
  EXPECT_FALSE(doctor["findings"][0].contains("cure"));
  EXPECT_TRUE(doctor["error"].is_null());
  const auto backends = nlohmann::json::parse(backends_to_json(sample()));
  EXPECT_EQ(backends["schema"], "wireproof/backends");
  EXPECT_EQ(backends["tool"]["git"], "abc");
  EXPECT_EQ(backends["backends"][0]["state"], "refused");
  EXPECT_EQ(backends["backends"][0]["cure"], "run as root");
  EXPECT_EQ(backends["backends"][2]["state"], "left out");
  EXPECT_FALSE(backends["backends"][1].contains("reason"));
}

TEST(HostReport, JsonOfAnErrorIsComplete) {
  HostReport report = sample();
  report.findings.clear();
  report.error = Error{ErrorKind::kUsage, "no interface 'x'", "did you mean 'y'?", 19};
  const auto doctor = nlohmann::json::parse(doctor_to_json(report));
  EXPECT_EQ(doctor["error"]["code"], "usage");
  EXPECT_EQ(doctor["error"]["message"], "no interface 'x'");
  EXPECT_TRUE(doctor["findings"].empty());
}

TEST(HostReport, TextFitsEightyColumnsAndHangs) {
  for (const std::string& text : {doctor_to_text(sample()), backends_to_text(sample())}) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
  }
  const std::string doctor = doctor_to_text(sample());
  EXPECT_TRUE(doctor.starts_with("wireproof 1.2.3 (lab1)\nExample 9000, Linux 6.1.0\n")) << doctor;
  EXPECT_NE(doctor.find("good    clock        tsc\n"), std::string::npos) << doctor;
  EXPECT_NE(doctor.find("\n                     cure: ulimit"), std::string::npos) << doctor;
  EXPECT_NE(doctor.find("blocks a test: 0   limits it: 1   good: 1\n"), std::string::npos);
  const std::string backends = backends_to_text(sample());
  EXPECT_NE(backends.find("af_xdp      refused   cap_bpf is missing\n"), std::string::npos)
      << backends;
  EXPECT_NE(backends.find("dpdk        left out  libdpdk not found\n"), std::string::npos);
}

}  // namespace
}  // namespace wireproof
