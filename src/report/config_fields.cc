#include "report/config_fields.h"

namespace wireproof {

namespace {

template <typename T>
ConfigValue list_of(const Json& array) {
  return array.get<std::vector<T>>();
}

}  // namespace

Json config_value_json(const ConfigValue& value) {
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, Config>)
          return config_json(held);
        else
          return held;
      },
      value.value);
}

Json config_json(const Config& config) {
  Json json = Json::object();
  for (const ConfigEntry& entry : config) json[entry.key] = config_value_json(entry.value);
  return json;
}

std::optional<ConfigValue> config_value_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_unsigned()) return json.get<std::uint64_t>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_object()) return config_of(json);
  if (!json.is_array()) return std::nullopt;
  const auto all = [&json](auto is) { return std::all_of(json.begin(), json.end(), is); };
  if (all([](const Json& one) { return one.is_string(); })) return list_of<std::string>(json);
  if (all([](const Json& one) { return one.is_number_unsigned(); })) {
    return list_of<std::uint64_t>(json);
  }
  return std::nullopt;
}

Config config_of(const Json& object) {
  Config config;
  for (const auto& [key, json] : object.items()) {
    if (auto value = config_value_of(json)) config.push_back({key, *std::move(value)});
  }
  return config;
}

}  // namespace wireproof
