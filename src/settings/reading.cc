#include "settings/reading.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "base/units.h"
#include "settings/rules.h"

namespace wireproof {
namespace {

std::string spelled(const Setting& setting, Spelling spelling) {
  return spelling == Spelling::kFlag ? flag_of(setting) : key_of(setting);
}

Status read_one(const Given& given, Settings& into) {
  const Form& form = given.setting->form;
  if (given.texts.empty() && !form.is_list) {
    return refuse(given.as + " is given an empty list", "write one value, or leave it out");
  }
  if (given.texts.size() > 1 && !form.is_list) {
    return refuse(given.as + " is given twice", "give it once");
  }
  for (const std::string& text : given.texts) {
    // A flag with an empty text is a shell variable that was not set, not the wish for the default.
    if (text.empty() && !given.setting->may_be_bare) {
      return refuse(given.as + " is given an empty value", "write one, or leave it out");
    }
    if (Status read = form.read(given.as, text, into); !read) return read;
  }
  return {};
}

// The texts that a flag would take for a value of a document.
Result<std::vector<std::string>> texts_of(const std::string& key, const ConfigValue& value) {
  using Texts = std::vector<std::string>;
  struct Visitor {
    const std::string& key;
    Result<Texts> operator()(bool held) const { return Texts{held ? "true" : "false"}; }
    Result<Texts> operator()(std::int64_t held) const { return Texts{std::to_string(held)}; }
    Result<Texts> operator()(std::uint64_t held) const { return Texts{std::to_string(held)}; }
    Result<Texts> operator()(double held) const { return Texts{exact_ratio(held)}; }
    Result<Texts> operator()(const std::string& held) const { return Texts{held}; }
    Result<Texts> operator()(const Texts& held) const { return held; }
    Result<Texts> operator()(const std::vector<std::uint64_t>& held) const {
      Texts texts;
      for (const std::uint64_t number : held) texts.push_back(std::to_string(number));
      return texts;
    }
    Result<Texts> operator()(const Config&) const {
      return refuse(key + " is an object, and has one value", "write it as for the flag");
    }
  };
  return std::visit(Visitor{key}, value.value);
}

// What is in force of those of the verb's settings that are wanted.
template <typename Wanted>
Config written(const Settings& settings, Wanted wanted) {
  Config config;
  for (const Setting* setting : settings_of(settings.verb)) {
    if (!wanted(*setting)) continue;
    if (auto value = setting->form.write(settings)) {
      config.push_back({key_of(*setting), std::move(*value)});
    }
  }
  return config;
}

// The layers below know a setting by its flag: each of those in a sentence becomes what the reader
// of it wrote. One in the middle of a word is a part of a file's name.
std::string respelled(Verb verb, const std::string& sentence, const Names& names) {
  std::string text;
  std::size_t done = 0;
  for (std::size_t at = 0; (at = sentence.find("--", done)) != sentence.npos;) {
    const std::size_t begin = at + 2;
    const std::size_t end =
        std::min(sentence.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", begin),
                 sentence.size());
    const Setting* setting = find_setting(verb, sentence.substr(begin, end - begin));
    const bool word = at == 0 || sentence[at - 1] == ' ' || sentence[at - 1] == '(';
    text += sentence.substr(done, at - done);
    text += word && setting != nullptr ? names(setting->name) : sentence.substr(at, end - at);
    done = end;
  }
  return text + sentence.substr(done);
}

Error unknown_key(Verb verb, const std::string& key) {
  std::vector<std::string> known;
  for (const Setting* setting : settings_of(verb)) {
    if (setting->scope != Scope::kCommandLine) known.push_back(key_of(*setting));
  }
  const std::string near = nearest_name(key, known);
  return {ErrorKind::kUsage,
          fmt::format("{}: no setting of {}", quote(key), word_of(kVerbWords, verb)),
          near.empty() ? std::string() : fmt::format("did you mean '{}'?", near), 0};
}

}  // namespace

Result<Settings> read_settings(Verb verb, std::span<const Given> given, Spelling otherwise) {
  Settings settings = default_settings(verb);
  for (const Given& one : given) {
    if (Status read = read_one(one, settings); !read) return tl::unexpected(read.error());
  }
  const auto find = [&](std::string_view name) {
    return std::find_if(given.begin(), given.end(),
                        [&](const Given& one) { return one.setting->name == name; });
  };
  const Names names{.spelled =
                        [&](std::string_view name) {
                          if (const auto one = find(name); one != given.end()) return one->as;
                          const Setting* setting = find_setting(verb, name);
                          return setting != nullptr ? spelled(*setting, otherwise)
                                                    : std::string(name);
                        },
                    .given = [&](std::string_view name) { return find(name) != given.end(); }};
  for (const Setting* setting : settings_of(verb)) {
    if (!setting->needed_by.has(verb) || names.given(setting->name)) continue;
    return refuse(fmt::format("{} needs {}", word_of(kVerbWords, verb), names(setting->name)),
                  fmt::format("{}: {}", names(setting->name), setting->help));
  }
  if (Status settled = settle(settings, names); !settled) {
    Error error = std::move(settled.error());
    error.message = respelled(verb, error.message, names);
    error.hint = respelled(verb, error.hint, names);
    return tl::unexpected(std::move(error));
  }
  return settings;
}

Config job_config(const Settings& settings) {
  return written(settings,
                 [](const Setting& setting) { return setting.scope != Scope::kCommandLine; });
}

Config calibration_conditions(const Settings& settings) {
  return written(settings, [](const Setting& setting) { return setting.of_calibration; });
}

Result<Settings> read_job(Verb verb, const Config& config) {
  std::vector<Given> given;
  for (const ConfigEntry& entry : config) {
    std::string name = entry.key;
    std::replace(name.begin(), name.end(), '_', '-');
    const Setting* setting = find_setting(verb, name);
    if (setting == nullptr || setting->scope == Scope::kCommandLine ||
        key_of(*setting) != entry.key) {
      return tl::unexpected(unknown_key(verb, entry.key));
    }
    auto texts = texts_of(entry.key, entry.value);
    if (!texts) return tl::unexpected(texts.error());
    given.push_back({setting, entry.key, std::move(*texts)});
  }
  return read_settings(verb, given, Spelling::kKey);
}

}  // namespace wireproof
