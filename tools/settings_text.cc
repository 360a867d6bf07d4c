#include "tools/settings_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "settings/setting.h"

namespace wireproof {
namespace {

std::vector<std::string> verb_words() {
  std::vector<std::string> words;
  for (const auto& [verb, word] : kVerbWords) words.emplace_back(word);
  return words;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// "--json, -J"
std::string spellings(const Setting& setting) {
  std::string all = flag_of(setting);
  if (setting.letter != 0) all += fmt::format(", -{}", setting.letter);
  return all;
}

std::string verbs_of(const Setting& setting) {
  std::vector<std::string_view> verbs;
  for (const auto& [verb, word] : kVerbWords) {
    if (setting.verbs.has(verb)) verbs.push_back(word);
  }
  return fmt::format("{}", fmt::join(verbs, ", "));
}

std::string markdown(const SettingGroup& group) {
  std::string text = "| flag | of | values | default | meaning |\n|---|---|---|---|---|\n";
  for (const Setting& setting : group.settings) {
    const auto first_of = [](Verbs verbs) {
      return std::find_if(kVerbWords.begin(), kVerbWords.end(),
                          [&](const auto& verb) { return verbs.has(verb.first); });
    };
    const Verb first = first_of(setting.verbs)->first;
    const std::string initial = default_of(setting, first);
    std::string others;
    for (const auto& [verb, word] : kVerbWords) {
      const std::string own = setting.verbs.has(verb) ? default_of(setting, verb) : initial;
      if (own != initial) others += fmt::format("; {} `{}`", word, own);
    }
    const bool needed = first_of(setting.needed_by) != kVerbWords.end();
    text +=
        fmt::format("| `{}` | {} | {} | {} | {} |\n", spellings(setting), verbs_of(setting),
                    setting.form.values,
                    needed || initial.empty() ? "" : "`" + initial + "`" + others, setting.help);
  }
  return text;
}

// Under which a calibration holds.
std::string conditions() {
  std::vector<std::string> flags;
  for (const Setting& setting : all_settings()) {
    if (setting.of_calibration) flags.push_back(fmt::format("`{}`", flag_of(setting)));
  }
  return fmt::format("{}\n", fmt::join(flags, ", "));
}

// As scdoc(5) reads it.
std::string manual_page() {
  std::string text;
  for (const auto& [verb, word] : kVerbWords) {
    text += fmt::format("## {}\n\n", word);
    for (const Setting* setting : settings_of(verb)) {
      std::string flag = fmt::format("*{}*", flag_of(*setting));
      if (setting->letter != 0) flag.insert(0, fmt::format("*-{}*, ", setting->letter));
      if (!setting->argument.empty() && !setting->positional) {
        flag += fmt::format(" _{}_", setting->argument);
      }
      std::string help = help_of(*setting, verb);
      help = replaced(replaced(help, "_", "\\_"), "*", "\\*");
      text += fmt::format("{}\n\t{}\n\n", flag, help);
    }
  }
  return text;
}

// What may follow a flag, where that is known.
bool takes_file(const Setting& setting) {
  return setting.argument == "FILE";
}

std::string bash() {
  std::string values;
  std::string flags;
  for (const auto& [verb, word] : kVerbWords) {
    std::vector<std::string> all{"--help", "--config"};
    for (const Setting* setting : settings_of(verb)) {
      if (setting->positional) continue;
      all.push_back(flag_of(*setting));
      if (takes_file(*setting)) {
        values += fmt::format("    {},{}) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n",
                              word, flag_of(*setting));
      } else if (!setting->form.words.empty()) {
        values +=
            fmt::format("    {},{}) COMPREPLY=($(compgen -W '{}' -- \"$current\")); return ;;\n",
                        word, flag_of(*setting), fmt::join(setting->form.words, " "));
      } else if (!setting->form.is_switch) {
        values += fmt::format("    {},{}) return ;;\n", word, flag_of(*setting));
      }
    }
    flags += fmt::format("    {}) words='{}' ;;\n", word, fmt::join(all, " "));
  }
  return fmt::format(R"(# Completion of wireproof for bash, written from its table of settings.
_wireproof() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} verb= word words
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in
      {0}) verb=$word; break ;;
    esac
  done
  case $verb,$before in
    *,--config) COMPREPLY=($(compgen -f -- "$current")); return ;;
{1}  esac
  case $verb in
    '') words='{2} --help --version --config' ;;
{3}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _wireproof wireproof
)",
                     fmt::join(verb_words(), " | "), values, fmt::join(verb_words(), " "), flags);
}

// A text within single quotes of zsh's _arguments, where : and [ ] part its fields.
std::string zsh_quoted(std::string text) {
  for (const char* special : {"\\", "[", "]", ":"}) {
    text = replaced(std::move(text), special, std::string("\\") + special);
  }
  return replaced(std::move(text), "'", "'\\''");
}

std::string zsh() {
  std::string cases;
  for (const auto& [verb, word] : kVerbWords) {
    cases += fmt::format(
        "    {})\n      _arguments '--help[print a help]' "
        "'--config[read flags from FILE]:FILE:_files'",
        word);
    for (const Setting* setting : settings_of(verb)) {
      if (setting->positional) continue;
      std::string action;
      if (takes_file(*setting)) action = "_files";
      if (!setting->form.words.empty()) {
        action = fmt::format("({})", fmt::join(setting->form.words, " "));
      }
      const std::string value = setting->form.is_switch
                                    ? std::string()
                                    : fmt::format(":{}:{}", setting->argument, action);
      cases += fmt::format(" \\\n        '{}{}[{}]{}'", setting->form.is_list ? "*" : "",
                           flag_of(*setting), zsh_quoted(std::string(setting->help)), value);
    }
    cases += "\n      ;;\n";
  }
  return fmt::format(R"(#compdef wireproof
# Completion of wireproof for zsh, written from its table of settings.
_wireproof() {{
  local verb
  for verb in ${{words[2,CURRENT-1]}}; do
    [[ $verb = ({0}) ]] && break
    verb=
  done
  case $verb in
{1}    *) _values verb {2} ;;
  esac
}}
_wireproof "$@"
)",
                     fmt::join(verb_words(), "|"), cases, fmt::join(verb_words(), " "));
}

std::string fish() {
  std::string text =
      "# Completion of wireproof for fish, written from its table of settings.\n"
      "complete -c wireproof -f\n"
      "complete -c wireproof -l config -r -F -d 'read flags from FILE'\n";
  for (const std::string& verb : verb_words()) {
    text += fmt::format("complete -c wireproof -n __fish_use_subcommand -a {}\n", verb);
  }
  for (const auto& [verb, word] : kVerbWords) {
    for (const Setting* setting : settings_of(verb)) {
      if (setting->positional) continue;
      std::string line = fmt::format(
          "complete -c wireproof -n '__fish_seen_subcommand_from {}' -l {}", word, setting->name);
      if (setting->letter != 0) line += fmt::format(" -s {}", setting->letter);
      if (!setting->form.is_switch && !setting->may_be_bare) {
        line += takes_file(*setting) ? " -r -F" : " -x";
      }
      if (!setting->form.words.empty()) {
        line += fmt::format(" -a '{}'", fmt::join(setting->form.words, " "));
      }
      text += line + fmt::format(" -d '{}'\n", replaced(std::string(setting->help), "'", "\\'"));
    }
  }
  return text;
}

}  // namespace

Result<std::string> settings_text(std::string_view kind) {
  const std::map<std::string_view, std::string (*)()> kinds{{"man", manual_page},
                                                            {"bash", bash},
                                                            {"zsh", zsh},
                                                            {"fish", fish},
                                                            {"conditions", conditions}};
  if (const auto found = kinds.find(kind); found != kinds.end()) return found->second();
  for (const SettingGroup& group : setting_groups()) {
    if (group.name == kind) return markdown(group);
  }
  return fail(ErrorKind::kUsage, fmt::format("there is no text '{}'", kind),
              "man, bash, zsh, fish, conditions, or a group of settings");
}

}  // namespace wireproof
