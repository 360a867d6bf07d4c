#include "settings/table.h"

namespace wireproof {
namespace {

using forms::on;
using forms::word;

constexpr Verbs kDocuments{Verb::kTrial, Verb::kSearch,   Verb::kRfc2544, Verb::kCalibrate,
                           Verb::kDut,   Verb::kBackends, Verb::kDoctor};
constexpr Verbs kLive{Verb::kTrial, Verb::kSearch, Verb::kRfc2544, Verb::kDut};
constexpr Verbs kJobs{Verb::kTrial, Verb::kSearch, Verb::kRfc2544, Verb::kCalibrate, Verb::kDut};

template <auto kMember>
auto output() {
  return in<&Settings::output, kMember>();
}

std::vector<Setting> all_rows() {
  std::vector<Setting> all;
  for (const SettingGroup& group : setting_groups()) {
    all.insert(all.end(), group.settings.begin(), group.settings.end());
  }
  return all;
}

}  // namespace

std::span<const SettingGroup> setting_groups() {
  static const std::vector<SettingGroup> groups{
      {"ports", port_settings()},          {"trial", trial_settings()},
      {"search", search_settings()},       {"rfc2544", suite_settings()},
      {"calibrate", calibrate_settings()}, {"traffic", traffic_settings()},
      {"tester", tester_settings()},       {"dut", dut_settings()},
      {"doctor", doctor_settings()},       {"output", output_settings()}};
  return groups;
}

std::span<const Setting> all_settings() {
  static const std::vector<Setting> all = all_rows();
  return all;
}

SettingRows doctor_settings() {
  constexpr Verbs kDoctor{Verb::kDoctor};
  return {
      {"interface", "IFACE", "also check this interface", kDoctor, Scope::kCommandLine,
       word(in<&Settings::doctor, &DoctorSettings::interface>()), 0, true},
      {"plan", "RATE", "cores and links that line rate needs: 100G, any bit rate, or all", kDoctor,
       Scope::kCommandLine, word(in<&Settings::doctor, &DoctorSettings::plan>())},
  };
}

SettingRows output_settings() {
  constexpr Verbs kCleanup{Verb::kCleanup};
  return {
      {"json", "FILE", "write the result as one JSON document to FILE or stdout", kDocuments,
       Scope::kCommandLine,
       forms::form(
           "", output<&OutputSettings::json>(),
           [](std::string_view, const std::string& text) -> Result<std::string> { return text; },
           [](const std::string& value) { return value; }),
       'J', false, true},
      {"json-stream", "", "one JSON object a line while it runs", kLive, Scope::kCommandLine,
       on(output<&OutputSettings::json_stream>())},
      with_letter('q', {"quiet", "", "no progress and no text", kDocuments, Scope::kCommandLine,
                        on(output<&OutputSettings::quiet>())}),
      with_letter('v', {"verbose", "", "every trial, counters by the driver's own names", kLive,
                        Scope::kCommandLine, on(output<&OutputSettings::verbose>())}),
      {"no-color", "", "accepted; the text has no colour", kDocuments, Scope::kCommandLine,
       on(output<&OutputSettings::no_color>())},
      {"dry-run", "", "say what would be sent, and send nothing", kJobs, Scope::kCommandLine,
       on(output<&OutputSettings::dry_run>())},
      {"dry-run", "", "only list what would be removed", kCleanup, Scope::kCommandLine,
       on(output<&OutputSettings::dry_run>())},
  };
}

}  // namespace wireproof
