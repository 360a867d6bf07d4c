// What a user gave of a verb's settings, by their names; all else is left to the defaults.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "settings/reading.h"

namespace wireproof {

class Asked {
 public:
  explicit Asked(Verb verb) : verb_(verb) {}

  // Of a switch "true".
  std::string& operator[](const std::string& name) {
    std::vector<std::string>& texts = texts_[name];
    if (texts.empty()) texts.emplace_back();
    return texts.front();
  }
  void set(const std::string& name, std::vector<std::string> texts) {
    texts_[name] = std::move(texts);
  }
  void erase(const std::string& name) { texts_.erase(name); }

  [[nodiscard]] Result<Settings> read() const {
    std::vector<Given> given;
    for (const auto& [name, texts] : texts_) {
      const Setting* setting = find_setting(verb_, name);
      if (setting == nullptr) return fail(ErrorKind::kUsage, "no such setting: " + name);
      given.push_back({setting, flag_of(*setting), texts});
    }
    return read_settings(verb_, given, Spelling::kFlag);
  }

 private:
  Verb verb_;
  std::map<std::string, std::vector<std::string>> texts_;
};

// A trial at 1,000 frames a second.
inline Asked between(const char* tx, const char* rx) {
  Asked asked(Verb::kTrial);
  asked["tx"] = tx;
  asked["rx"] = rx;
  asked["rate"] = "1kpps";
  return asked;
}

}  // namespace wireproof
