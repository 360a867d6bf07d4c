#include "settings/setting.h"

#include <fmt/format.h>

#include <algorithm>

namespace wireproof {

std::vector<const Setting*> settings_of(Verb verb) {
  std::vector<const Setting*> found;
  for (const Setting& setting : all_settings()) {
    if (setting.verbs.has(verb)) found.push_back(&setting);
  }
  return found;
}

const Setting* find_setting(Verb verb, std::string_view name) {
  for (const Setting& setting : all_settings()) {
    if (!setting.verbs.has(verb)) continue;
    if (setting.name == name || (setting.old_name == name && !name.empty())) return &setting;
  }
  return nullptr;
}

std::string default_of(const Setting& setting, Verb verb) {
  if (setting.form.is_switch || setting.form.is_list) return {};
  const Form& form = setting.form;
  const auto& write = form.write_default ? form.write_default : form.write;
  const auto value = write(default_settings(verb));
  if (!value) return {};
  if (const auto* number = std::get_if<std::uint64_t>(&value->value))
    return std::to_string(*number);
  const auto* text = std::get_if<std::string>(&value->value);
  return text != nullptr ? *text : std::string();
}

std::string help_of(const Setting& setting, Verb verb) {
  if (setting.needed_by.has(verb)) return fmt::format("{} (required)", setting.help);
  std::string notes = setting.form.values;
  if (const std::string initial = default_of(setting, verb); !initial.empty()) {
    notes += (notes.empty() ? "default " : "; default ") + initial;
  }
  return notes.empty() ? std::string(setting.help) : fmt::format("{} ({})", setting.help, notes);
}

std::string flag_of(const Setting& setting) {
  return setting.positional ? std::string(setting.argument) : "--" + std::string(setting.name);
}

std::string key_of(const Setting& setting) {
  std::string key(setting.name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

}  // namespace wireproof
