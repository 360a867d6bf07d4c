#include "report/host_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/json_parts.h"
#include "report/text_parts.h"

namespace wireproof {
namespace {

constexpr const char* kHostSchemaVersion = "1.0";

Json head_json(const char* schema, const HostReport& report) {
  Json json = {{"schema", schema}, {"schema_version", kHostSchemaVersion}};
  json["tool"] = {{"name", report.tool.name}, {"version", report.tool.version}};
  if (!report.tool.git.empty()) json["tool"]["git"] = report.tool.git;
  return json;
}

void put(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

Json backends_json(const HostReport& report) {
  Json list = Json::array();
  for (const BackendFacts& backend : report.backends) {
    Json json = {{"name", backend.name}, {"state", word(backend.state)}};
    put(json, "summary", backend.summary);
    put(json, "reason", backend.reason);
    put(json, "cure", backend.cure);
    list.push_back(json);
  }
  return list;
}

Json findings_json(const HostReport& report) {
  Json list = Json::array();
  for (const HostFinding& finding : report.findings) {
    Json json = {
        {"subject", finding.subject}, {"bearing", word(finding.bearing)}, {"text", finding.text}};
    put(json, "cure", finding.cure);
    list.push_back(json);
  }
  return list;
}

// The label, padded to `width`, then the text, its further lines below its first.
std::string entry(std::string_view label, std::size_t width, std::string_view text) {
  std::string lines = wrapped(std::string(width, '.').append(text), width);
  return lines.replace(0, width, fmt::format("{:<{}}", label, width));
}

std::string cure_entry(std::size_t width, const std::string& cure) {
  return cure.empty() ? "" : entry("", width, "cure: " + cure);
}

}  // namespace

std::string_view word(BackendFacts::State state) {
  switch (state) {
    case BackendFacts::State::kUsable:
      return "usable";
    case BackendFacts::State::kRefused:
      return "refused";
    case BackendFacts::State::kLeftOut:
      return "left out";
  }
  return "refused";
}

std::string_view word(Bearing bearing) {
  switch (bearing) {
    case Bearing::kGood:
      return "good";
    case Bearing::kLimits:
      return "limits";
    case Bearing::kBlocks:
      return "blocks";
  }
  return "blocks";
}

Bearing bearing_of(const HostReport& report) {
  Bearing worst = Bearing::kGood;
  for (const HostFinding& finding : report.findings) worst = std::max(worst, finding.bearing);
  return worst;
}

std::string backends_to_json(const HostReport& report) {
  Json json = head_json("wireproof/backends", report);
  json["backends"] = backends_json(report);
  json["error"] = error_json(report.error);
  return dump(json, 2);
}

std::string doctor_to_json(const HostReport& report) {
  Json json = head_json("wireproof/doctor", report);
  json["environment"] = {
      {"host", report.host.host}, {"kernel", report.host.kernel}, {"cpu", report.host.cpu}};
  put(json, "interface", report.interface);
  if (!report.error) json["bearing"] = word(bearing_of(report));
  if (report.plan) json["plan"] = line_plan_json(*report.plan);
  json["findings"] = findings_json(report);
  json["backends"] = backends_json(report);
  json["error"] = error_json(report.error);
  return dump(json, 2);
}

std::string backends_to_text(const HostReport& report) {
  constexpr std::size_t kWidth = 22;
  std::string text;
  for (const BackendFacts& backend : report.backends) {
    const std::string label = fmt::format("{:<11} {}", backend.name, word(backend.state));
    text += entry(label, kWidth, backend.reason.empty() ? backend.summary : backend.reason);
    text += cure_entry(kWidth, backend.cure);
  }
  return text;
}

std::string doctor_to_text(const HostReport& report) {
  constexpr std::size_t kWidth = 21;
  const auto count = [&report](Bearing bearing) {
    return std::count_if(report.findings.begin(), report.findings.end(),
                         [bearing](const HostFinding& f) { return f.bearing == bearing; });
  };
  std::string text = fmt::format("{} {} ({})\n{}, {}\n\n", report.tool.name, report.tool.version,
                                 report.host.host, report.host.cpu, report.host.kernel);
  if (report.plan) text += line_plan_text(*report.plan) + "\n";
  for (const HostFinding& finding : report.findings) {
    const std::string label = fmt::format("{:<7} {}", word(finding.bearing), finding.subject);
    text += entry(label, kWidth, finding.text);
    text += cure_entry(kWidth, finding.cure);
  }
  text += fmt::format("\nblocks a test: {}   limits it: {}   good: {}\n", count(Bearing::kBlocks),
                      count(Bearing::kLimits), count(Bearing::kGood));
  return text;
}

}  // namespace wireproof
