// Configurations: keys and values of any kind. Private to src/report.
#pragma once

#include "report/fields.h"

namespace wireproof {

[[nodiscard]] Json config_value_json(const ConfigValue& value);
[[nodiscard]] Json config_json(const Config& config);

// nullopt: no configuration holds such a value.
[[nodiscard]] std::optional<ConfigValue> config_value_of(const Json& json);
// Without what no configuration holds.
[[nodiscard]] Config config_of(const Json& object);

template <typename Fields>
void config_field(Fields& f, const char* key, auto& config, bool may_be_absent = false) {
  if constexpr (Fields::kReads) {
    const Json* const found = f.find(key);
    if (found == nullptr && may_be_absent) return;
    if (found == nullptr || !found->is_object()) return f.refuse(f.at(key));
    config = config_of(*found);
  } else if (!may_be_absent || !config.empty()) {
    f.derived(key, config_json(config));
  }
}

}  // namespace wireproof
