// One row of the table of settings. The flag --trial-duration, the key trial_duration of a document
// and the key trial-duration of a configuration file are one name in their spellings.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "settings/forms.h"

namespace wireproof {

// A set of verbs.
class Verbs {
 public:
  constexpr Verbs(std::initializer_list<Verb> verbs) {
    for (const Verb verb : verbs) bits_ |= bit(verb);
  }
  [[nodiscard]] constexpr bool has(Verb verb) const { return (bits_ & bit(verb)) != 0; }

 private:
  static constexpr unsigned bit(Verb verb) { return 1u << static_cast<unsigned>(verb); }
  unsigned bits_ = 0;
};

enum class Scope {
  kJob,          // part of what is measured: in documents, and in the configuration of a result
  kCommandLine,  // how this run tells of itself
};

struct Setting {
  std::string_view name;      // "trial-duration"
  std::string_view argument;  // what the help calls its value: "TIME"; empty: a switch
  std::string_view help;      // a line
  Verbs verbs;
  Scope scope;
  Form form;
  char letter = 0;                 // -v; 0: none
  bool positional = false;         // a word that stands by itself; the name is no flag
  bool may_be_bare = false;        // the value may be left out
  Verbs needed_by = {};            // cannot do without it
  std::string_view old_name = {};  // taken as well, and told nowhere; empty: none
  bool of_calibration = false;     // a calibration holds for one value of it alone
};

// What they are about, for a manual.
struct SettingGroup {
  std::string_view name;
  std::vector<Setting> settings;
};
[[nodiscard]] std::span<const SettingGroup> setting_groups();

// All of them, in the order in which a help lists them.
[[nodiscard]] std::span<const Setting> all_settings();
[[nodiscard]] std::vector<const Setting*> settings_of(Verb verb);
// By either of its names. nullptr: the verb has none of that name.
[[nodiscard]] const Setting* find_setting(Verb verb, std::string_view name);

// A verb's default as a user would write it; empty: there is none, or it is not given.
[[nodiscard]] std::string default_of(const Setting& setting, Verb verb);
// "802.1Q id (1 to 4,094)", "sending port (required)".
[[nodiscard]] std::string help_of(const Setting& setting, Verb verb);

// "--trial-duration", or "IFACE" of one that is no flag.
[[nodiscard]] std::string flag_of(const Setting& setting);
// "trial_duration"
[[nodiscard]] std::string key_of(const Setting& setting);

}  // namespace wireproof
