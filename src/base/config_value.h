// A value of a configuration, as a document of JSON or TOML has it; and the entries of one, in the
// order in which they are to be read.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace wireproof {

struct ConfigEntry;
using Config = std::vector<ConfigEntry>;

struct ConfigValue {
  std::variant<bool, std::int64_t, std::uint64_t, double, std::string, std::vector<std::string>,
               std::vector<std::uint64_t>, Config>
      value;

  ConfigValue(bool v);
  ConfigValue(double v);
  ConfigValue(std::signed_integral auto v);
  ConfigValue(std::unsigned_integral auto v);
  ConfigValue(const char* v);
  ConfigValue(std::string v);
  ConfigValue(std::vector<std::string> v);
  ConfigValue(std::vector<std::uint64_t> v);
  ConfigValue(Config v);
};

struct ConfigEntry {
  std::string key;
  ConfigValue value;
};

// Here, because a constructor must be able to destroy the vector of entries (clang insists).
inline ConfigValue::ConfigValue(bool v) : value(v) {}
inline ConfigValue::ConfigValue(double v) : value(v) {}
ConfigValue::ConfigValue(std::signed_integral auto v) : value(static_cast<std::int64_t>(v)) {}
ConfigValue::ConfigValue(std::unsigned_integral auto v) : value(static_cast<std::uint64_t>(v)) {}
inline ConfigValue::ConfigValue(const char* v) : value(std::string(v)) {}
inline ConfigValue::ConfigValue(std::string v) : value(std::move(v)) {}
inline ConfigValue::ConfigValue(std::vector<std::string> v) : value(std::move(v)) {}
inline ConfigValue::ConfigValue(std::vector<std::uint64_t> v) : value(std::move(v)) {}
inline ConfigValue::ConfigValue(Config v) : value(std::move(v)) {}

[[nodiscard]] inline bool operator==(const ConfigEntry& one, const ConfigEntry& other);

// The same value of the same kind: 1 is not 1.0.
[[nodiscard]] inline bool operator==(const ConfigValue& one, const ConfigValue& other) {
  return one.value == other.value;
}
[[nodiscard]] inline bool operator==(const ConfigEntry& one, const ConfigEntry& other) {
  return one.key == other.key && one.value == other.value;
}

}  // namespace wireproof
