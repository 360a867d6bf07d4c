// How the value of a setting is written: read from a text into its member, and written back as a
// value that reads the same. Every reader checks kind and range alone; what one setting asks of
// another is rules.h's.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/config_value.h"
#include "base/exact_text.h"
#include "settings/settings.h"

namespace wireproof {

struct Form {
  // For the manual: "1 to 64", "burst, precise", "10ms to 1h". Empty: any text.
  std::string values;
  std::vector<std::string> words;  // where they are all that there are
  bool is_switch = false;          // given or not; as a value true or false
  bool is_list = false;            // may be given several times
  // `name`: as whoever gave it wrote it, at the head of every complaint. Fails with kUsage.
  std::function<Status(std::string_view name, const std::string& text, Settings& into)> read;
  // What is in force; nullopt: not given, and there is no default.
  std::function<std::optional<ConfigValue>(const Settings& from)> write;
  // The same of the default, where that is not written by itself; empty: write().
  std::function<std::optional<ConfigValue>(const Settings& from)> write_default;
};

// A member of a member of ... the settings, by its type alone.
template <typename Type>
struct Place {
  using Member = Type;
  Member& (*of)(Settings&);
  const Member& (*of_const)(const Settings&);

  [[nodiscard]] Member& operator()(Settings& settings) const { return of(settings); }
  [[nodiscard]] const Member& operator()(const Settings& settings) const {
    return of_const(settings);
  }
};

// in<&Settings::test, &TestSettings::tx>()
template <auto... kPath>
[[nodiscard]] constexpr auto in() {
  using Member = std::remove_reference_t<decltype((std::declval<Settings&>().*....*kPath))>;
  return Place<Member>{
      [](Settings& settings) -> Member& { return (settings.*....*kPath); },
      [](const Settings& settings) -> const Member& { return (settings.*....*kPath); }};
}

namespace forms {

template <typename T>
struct ValueOf {
  using Type = T;
  static bool given(const T&) { return true; }
  static const T& get(const T& held) { return held; }
};
template <typename T>
struct ValueOf<std::optional<T>> {
  using Type = T;
  static bool given(const std::optional<T>& held) { return held.has_value(); }
  static const T& get(const std::optional<T>& held) { return *held; }
};

// `parse(name, text)` gives a Result of something that the member can be made of; `show(value)`
// what a ConfigValue can.
template <typename At, typename Parse, typename Show>
[[nodiscard]] Form form(const std::string& values, At at, Parse parse, Show show) {
  using Held = ValueOf<std::remove_const_t<typename At::Member>>;
  return {.values = values,
          .read = [=](std::string_view name, const std::string& text, Settings& into) -> Status {
            auto parsed = parse(name, text);
            if (!parsed) return tl::unexpected(parsed.error());
            at(into) = static_cast<typename Held::Type>(std::move(*parsed));
            return {};
          },
          .write = [=](const Settings& from) -> std::optional<ConfigValue> {
            const auto& held = at(from);
            if (!Held::given(held)) return std::nullopt;
            return ConfigValue(show(Held::get(held)));
          }};
}

template <typename At>
[[nodiscard]] Form on(At at) {
  Form made = form(
      "", at,
      [](std::string_view name, const std::string& text) -> Result<bool> {
        if (text == "true" || text == "false") return text == "true";
        return fail(ErrorKind::kUsage, fmt::format("{} {}: not true or false", name, quote(text)),
                    "give it, or leave it out");
      },
      [](bool value) { return value; });
  made.is_switch = true;
  return made;
}

// Any text; an empty one counts as not given.
template <typename At>
[[nodiscard]] Form word(At at) {
  Form made = form(
      "", at, [](std::string_view, const std::string& text) -> Result<std::string> { return text; },
      [](const std::string& value) { return value; });
  made.write = [at](const Settings& from) -> std::optional<ConfigValue> {
    if (at(from).empty()) return std::nullopt;
    return ConfigValue(at(from));
  };
  return made;
}

// `example`: for the hint, where not every number within them will do.
template <typename At>
[[nodiscard]] Form count(std::uint64_t min, std::uint64_t max, At at, const char* example = "") {
  const std::string values = max == std::numeric_limits<std::uint64_t>::max()
                                 ? "any count"
                                 : format_count(min) + " to " + format_count(max);
  return form(
      values, at,
      [=](std::string_view name, const std::string& text) {
        return parse_count(name, text, min, max, example);
      },
      [](auto value) { return static_cast<std::uint64_t>(value); });
}

template <typename At>
[[nodiscard]] Form duration(Nanoseconds min, Nanoseconds max, At at) {
  return form(
      exact_duration(min) + " to " + exact_duration(max), at,
      [=](std::string_view name, const std::string& text) {
        return parse_duration(name, text, min, max);
      },
      [](Nanoseconds value) { return exact_duration(value); });
}

// `values`: where not every part of one will do, what the least and the greatest are called.
template <typename At>
[[nodiscard]] Form ratio(double min, double max, const char* values, At at) {
  return form(
      values, at,
      [=](std::string_view name, const std::string& text) -> Result<double> {
        Result<double> parsed = parse_ratio(name, text);
        if (!parsed || (*parsed >= min && *parsed <= max)) return parsed;
        return fail(ErrorKind::kUsage,
                    fmt::format("{}: {} is out of range: {}", name, quote(text), values),
                    "write it as 1% or 0.01");
      },
      [](double value) { return exact_ratio(value); });
}

template <typename At>
[[nodiscard]] Form rate(At at) {
  return form(
      "", at, [](std::string_view name, const std::string& text) { return parse_rate(name, text); },
      [](const Rate& value) { return exact_rate(value); });
}

template <typename Table, typename At>
[[nodiscard]] Form choice(const Table& words, At at) {
  Form made = form(
      all_words(words), at,
      [&words](std::string_view name, const std::string& text) {
        using Enum = typename decltype(value_of(words, text))::value_type;
        const auto value = value_of(words, text);
        if (value && !text.empty()) return Result<Enum>(*value);
        return Result<Enum>(fail(ErrorKind::kUsage,
                                 fmt::format("{} {}: unknown", name, quote(text)),
                                 fmt::format("one of: {}", all_words(words))));
      },
      [&words](auto value) { return std::string(word_of(words, value)); });
  for (const auto& [value, word] : words) made.words.emplace_back(word);
  return made;
}

// Of a setting that means nothing without a text at `at`: written only beside it.
template <typename At>
[[nodiscard]] Form beside(At at, Form made) {
  made.write_default = made.write;
  made.write = [at,
                write = std::move(made.write)](const Settings& from) -> std::optional<ConfigValue> {
    if (at(from).empty()) return std::nullopt;
    return write(from);
  };
  return made;
}

template <typename At>
[[nodiscard]] Form cpus(At at) {
  Form made = form(
      "", at,
      [](std::string_view name, const std::string& text) { return parse_cpu_list(name, text); },
      [](const CpuList& value) { return exact_cpus(value); });
  made.write = [at](const Settings& from) -> std::optional<ConfigValue> {
    if (at(from).empty()) return std::nullopt;
    return ConfigValue(exact_cpus(at(from)));
  };
  return made;
}

}  // namespace forms
}  // namespace wireproof
