// What `wireproof backends` and `wireproof doctor` have to say, as plain structs, JSON and text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/document.h"
#include "trial/core_estimate.h"

namespace wireproof {

struct BackendFacts {
  enum class State {
    kUsable,
    kRefused,  // built in, but this process on this machine cannot use it now
    kLeftOut,  // not built in
  };
  std::string name;
  std::string summary;  // one line; empty when left out
  State state = State::kUsable;
  std::string reason;  // why not usable
  std::string cure;    // may be empty
};

// Does it matter to a test, and how much?
enum class Bearing {
  kGood,
  kLimits,  // a test runs, but slower, less evenly, or not over every backend
  kBlocks,  // no test can run as things stand
};

struct HostFinding {
  Bearing bearing = Bearing::kGood;
  std::string subject;  // one word: "memlock", "clock"
  std::string text;     // what was found
  std::string cure;     // empty when good
};

struct HostReport {
  ToolFacts tool;
  HostFacts host;
  std::string interface;               // as the user gave it; empty: none
  std::vector<BackendFacts> backends;  // in order of preference, the left out last
  std::vector<HostFinding> findings;
  std::optional<LinePlan> plan;  // doctor --plan
  std::optional<Error> error;    // nothing could be found out; the rest is empty
};

[[nodiscard]] std::string_view word(BackendFacts::State state);  // "usable", "refused", "left out"
[[nodiscard]] std::string_view word(Bearing bearing);            // "good", "limits", "blocks"

// The worst of the findings.
[[nodiscard]] Bearing bearing_of(const HostReport& report);

// {"schema":"wireproof/backends","schema_version":"1.0","tool":{...},"backends":[...],
//  "error":null|{...}}: docs/schema/backends-1.0.schema.json.
[[nodiscard]] std::string backends_to_json(const HostReport& report);
// {"schema":"wireproof/doctor",...,"bearing":...,"interface":...,"plan":{...},"findings":[...],
//  "backends":[...],"error":null|{"code","message","hint","errno"}}.
[[nodiscard]] std::string doctor_to_json(const HostReport& report);
[[nodiscard]] std::string backends_to_text(const HostReport& report);
[[nodiscard]] std::string doctor_to_text(const HostReport& report);

}  // namespace wireproof
