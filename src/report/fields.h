// One description of each object of a document, for its writer and for its reader: a function that
// names the members and their keys in order, given an ObjectWriter or an ObjectReader. Private to
// src/report.
//
//   field      always there
//   optional   there where it has a value
//   when       written where `written` says so; read where it is there
//   derived    of what else is there: written alone
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/words.h"
#include "report/json_parts.h"

namespace wireproof {

// The same member of a value that is written, and of one that is read into.
template <typename T, typename Struct>
concept Is = std::same_as<std::remove_const_t<T>, Struct>;

// A struct of which field() takes a value whole has
//   void members(auto&& take, Is<Struct> auto& of)   that names them: take("key", of.member)
//   std::string impossible(const Struct&)            where needed: the place that contradicts the
//                                                    rest, "/key"; empty: none does
// Two numbers in an array, without keys, of what there may be tens of thousands of: pair_of(value)
// and from_pair(pair, value), which answers whether that can be, make a struct such a pair.
using Pair = std::pair<std::uint64_t, std::uint64_t>;

template <typename T>
concept Paired = requires(const T& value) {
  { pair_of(value) } -> std::same_as<Pair>;
};

// Not JSON, or deeper than `deepest`, which would cost the parser its stack: discarded.
[[nodiscard]] Json parse_bounded(std::string_view text, int deepest);

// Of an object's key, whatever is in it; empty: it is not there, or no text.
[[nodiscard]] std::string text_at(const Json& object, const char* key);

template <typename T>
[[nodiscard]] Json json_of(const T& value);
template <typename T>
[[nodiscard]] Json json_of(const std::vector<T>& values);

class ObjectWriter {
 public:
  static constexpr bool kReads = false;

  explicit ObjectWriter(Json& json) : json_(json) {
    if (!json_.is_object()) json_ = Json::object();
  }

  template <typename T>
  void field(const char* key, const T& value) {
    json_[key] = json_of(value);
  }
  template <typename T>
  void optional(const char* key, const std::optional<T>& value) {
    if (value) field(key, *value);
  }
  template <typename T>
  void when(bool written, const char* key, const T& value) {
    if (written) field(key, value);
  }
  void unless_empty(const char* key, const std::string& text) { when(!text.empty(), key, text); }
  template <typename T>
  void unless_zero(const char* key, const T& value) {
    when(value > 0, key, value);
  }
  // A duration in seconds: a float by nature, so never used for counts.
  void seconds(const char* key, Nanoseconds value) { json_[key] = wireproof::seconds(value); }
  void seconds_when(bool written, const char* key, Nanoseconds value) {
    if (written) seconds(key, value);
  }
  // To the whole number.
  void rounded(const char* key, double value) { json_[key] = std::llround(value); }
  void rounded_when(bool written, const char* key, double value) {
    if (written) rounded(key, value);
  }
  // What is not there is `usual`.
  template <typename T>
  void unless_equal(const char* key, const T& value, const T& usual) {
    when(value != usual, key, value);
  }
  template <typename Enum, std::size_t kCount>
  void word(const char* key, Enum value, const Words<Enum, kCount>& words) {
    json_[key] = word_of(words, value);
  }
  void derived(const char* key, const auto& value) { json_[key] = value; }

  // The object of a key, of which `body(writer)` names the members; and of an optional value,
  // `body(writer, value)`.
  void object(const char* key, const auto& body) {
    ObjectWriter inner(json_[key]);
    body(inner);
  }
  void object_when(bool written, const char* key, const auto& body) {
    if (written) object(key, body);
  }
  template <typename T>
  void maybe(const char* key, const std::optional<T>& value, const auto& body) {
    if (!value) return;
    ObjectWriter inner(json_[key]);
    body(inner, *value);
  }
  // An array of objects.
  template <typename T>
  void list(const char* key, const std::vector<T>& values, const auto& body) {
    Json& array = json_[key] = Json::array();
    for (const T& value : values) {
      ObjectWriter inner(array.emplace_back(Json::object()));
      body(inner, value);
    }
  }

  template <typename T>
  void operator()(const char* key, const T& value) {
    field(key, value);
  }
  template <typename T>
  void operator()(const char* key, const std::optional<T>& value) {
    optional(key, value);
  }

  [[nodiscard]] Json& json() { return json_; }

 private:
  Json& json_;
};

template <typename T>
Json json_of(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(json_of(value));
  return array;
}

template <typename T>
Json json_of(const T& value) {
  if constexpr (std::is_arithmetic_v<T> || std::convertible_to<T, std::string_view>) {
    return value;
  } else if constexpr (std::same_as<T, MacAddress>) {
    return format_mac(value);
  } else if constexpr (std::same_as<T, IpAddress>) {
    return format_ip(value);
  } else if constexpr (Paired<T>) {
    return pair_of(value);
  } else {
    Json json = Json::object();
    members(ObjectWriter(json), value);
    return json;
  }
}

// What is read from outside: numbers fit, times are not negative unless they may be, words that
// reach a terminal do not steer it. Keeps the place of the first thing that is wrong.
class ObjectReader {
 public:
  static constexpr bool kReads = true;

  ObjectReader(const Json& json, std::string place, std::string& wrong)
      : json_(json), place_(std::move(place)), wrong_(wrong) {
    if (!json.is_object()) refuse(place_);
  }

  template <typename T>
  void field(const char* key, T& into) {
    if (const Json* value = needed(key)) read(*value, at(key), into);
  }
  template <typename T>
  void optional(const char* key, std::optional<T>& into) {
    if (const Json* value = find(key)) read(*value, at(key), into.emplace());
  }
  template <typename T>
  void when(bool /*written*/, const char* key, T& into) {
    if (const Json* value = find(key)) read(*value, at(key), into);
  }
  void unless_empty(const char* key, std::string& into) { when(true, key, into); }
  template <typename T>
  void unless_zero(const char* key, T& into) {
    when(true, key, into);
  }
  void seconds(const char* key, Nanoseconds& into) {
    if (needed(key) != nullptr) seconds_when(true, key, into);
  }
  void seconds_when(bool /*written*/, const char* key, Nanoseconds& into) {
    constexpr double kLongest = 1e9;  // some thirty years
    const Json* value = find(key);
    if (value == nullptr) return;
    double found = 0;
    read(*value, at(key), found);
    if (!(std::abs(found) <= kLongest)) return refuse(at(key));
    into = std::llround(found * static_cast<double>(kSecond));
  }
  void rounded(const char* key, double& into) {
    Nanoseconds whole = 0;
    field(key, whole);
    into = static_cast<double>(whole);
  }
  void rounded_when(bool /*written*/, const char* key, double& into) {
    if (find(key) != nullptr) rounded(key, into);
  }
  template <typename T>
  void unless_equal(const char* key, T& into, const T& usual) {
    into = usual;
    when(true, key, into);
  }
  template <typename Enum, std::size_t kCount>
  void word(const char* key, Enum& into, const Words<Enum, kCount>& words) {
    std::string text;
    field(key, text);
    const auto value = value_of(words, text);
    if (!value) return refuse(at(key));
    into = *value;
  }
  void derived(const char* /*key*/, const auto& /*value*/) {}

  void object(const char* key, const auto& body) {
    const Json* value = needed(key);
    if (value == nullptr) return;
    ObjectReader inner(*value, at(key), wrong_);
    body(inner);
  }
  void object_when(bool /*written*/, const char* key, const auto& body) {
    if (find(key) != nullptr) object(key, body);
  }
  template <typename T>
  void maybe(const char* key, std::optional<T>& into, const auto& body) {
    const Json* value = find(key);
    if (value == nullptr) return;
    ObjectReader inner(*value, at(key), wrong_);
    body(inner, into.emplace());
  }
  template <typename T>
  void list(const char* key, std::vector<T>& into, const auto& body) {
    const Json* array = needed(key);
    if (array == nullptr) return;
    if (!array->is_array()) return refuse(at(key));
    for (std::size_t i = 0; i < array->size() && wrong_.empty(); ++i) {
      ObjectReader inner((*array)[i], fmt::format("{}/{}", at(key), i), wrong_);
      body(inner, into.emplace_back());
    }
  }

  template <typename T>
  void operator()(const char* key, T& into) {
    field(key, into);
  }
  template <typename T>
  void operator()(const char* key, std::optional<T>& into) {
    optional(key, into);
  }

  [[nodiscard]] bool has(const char* key) const { return find(key) != nullptr; }
  // What of it has no description here, such as a value of any kind; null: it is not there.
  [[nodiscard]] const Json* find(const char* key) const {
    if (!json_.is_object()) return nullptr;
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }
  // "/trials/0/id"
  [[nodiscard]] std::string at(const char* key) const { return place_ + "/" + key; }
  void refuse(const std::string& place) {
    if (wrong_.empty()) wrong_ = place.empty() ? "/" : place;
  }
  void require(bool sound, const std::string& place) {
    if (!sound) refuse(place);
  }

 private:
  const Json* needed(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) refuse(at(key));
    return value;
  }

  template <typename T>
  void read(const Json& json, const std::string& place, std::vector<T>& into) {
    if (!json.is_array()) return refuse(place);
    into.reserve(json.size());
    for (std::size_t i = 0; i < json.size() && wrong_.empty(); ++i)
      read(json[i], fmt::format("{}/{}", place, i), into.emplace_back());
  }
  template <std::integral T>
  void read(const Json& json, const std::string& place, T& into) {
    if constexpr (std::same_as<T, bool>) {
      if (!json.is_boolean()) return refuse(place);
      into = json.get<bool>();
    } else if (json.is_number_unsigned()) {
      const auto value = json.get<std::uint64_t>();
      if (!std::in_range<T>(value)) return refuse(place);
      into = static_cast<T>(value);
    } else if (json.is_number_integer() && std::is_signed_v<T>) {
      into = static_cast<T>(json.get<std::int64_t>());
    } else {
      refuse(place);
    }
  }
  void read(const Json& json, const std::string& place, double& into) {
    if (!json.is_number()) return refuse(place);
    into = json.get<double>();
    require(std::isfinite(into), place);
  }
  void read(const Json& json, const std::string& place, std::string& into) {
    if (!json.is_string()) return refuse(place);
    into = json.get<std::string>();
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
    require(std::none_of(into.begin(), into.end(), is_control), place);
  }
  void read(const Json& json, const std::string& place, MacAddress& into) {
    const auto mac = parse_mac(json.is_string() ? json.get<std::string>() : "");
    if (!mac) return refuse(place);
    into = *mac;
  }
  void read(const Json& json, const std::string& place, IpAddress& into) {
    const auto ip = parse_ip(json.is_string() ? json.get<std::string>() : "");
    if (!ip) return refuse(place);
    into = *ip;
  }
  template <Paired T>
  void read(const Json& json, const std::string& place, T& into) {
    if (!json.is_array() || json.size() != 2) return refuse(place);
    Pair pair;
    read(json[0], place + "/0", pair.first);
    read(json[1], place + "/1", pair.second);
    require(from_pair(pair, into), place);
  }
  template <typename T>
  void read(const Json& json, const std::string& place, T& into) {
    ObjectReader inner(json, place, wrong_);
    members(inner, into);
    if constexpr (requires { impossible(into); }) {
      if (const std::string where = impossible(into); !where.empty()) refuse(place + where);
    }
  }

  const Json& json_;
  std::string place_;
  std::string& wrong_;
};

}  // namespace wireproof
