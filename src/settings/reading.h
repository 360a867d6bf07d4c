// From what was given, wherever it was written, to settings: each text by its form, then what one
// setting asks of another, one sentence a rule.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/config_value.h"
#include "base/result.h"
#include "settings/setting.h"

namespace wireproof {

enum class Spelling { kFlag, kKey };  // --trial-duration; trial_duration

// One setting as given: its texts, several of a list.
struct Given {
  const Setting* setting = nullptr;
  std::string as;  // as it was written there: "--vlan", "vlan in run.toml"
  std::vector<std::string> texts;
};

// `otherwise`: how a message names a setting that was not given. Each setting at most once in
// `given`. Fails with kUsage: the first thing that is wrong.
[[nodiscard]] Result<Settings> read_settings(Verb verb, std::span<const Given> given,
                                             Spelling otherwise);

// The job of a verb as a document holds it, and back. Written are all that are in force, the
// defaults too; a value may be read that is written otherwise, as long as a flag takes it ("0.1s",
// 100, true). A key that is none of the verb's fails, as does a list where there is one value.
[[nodiscard]] Config job_config(const Settings& settings);
[[nodiscard]] Result<Settings> read_job(Verb verb, const Config& config);

// Of a job's settings those under which a calibration was found, and holds: what changes how much
// the tester sends, bears or records. As job_config() writes them.
[[nodiscard]] Config calibration_conditions(const Settings& settings);

}  // namespace wireproof
