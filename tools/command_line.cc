#include "tools/command_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/nearest.h"
#include "base/units.h"
#include "tools/version.h"

namespace wireproof {
namespace {

constexpr const char* kDescription =
    "Measures the frame rate that a device, link or cable carries without loss: sends numbered "
    "frames at a known rate, counts every one, and reports how many came back and where the others "
    "were lost.";

struct VerbPurpose {
  Verb verb;
  const char* purpose;
};
constexpr VerbPurpose kPurposes[] = {
    {Verb::kTrial, "one load, one duration"},
    {Verb::kSearch, "the highest load that meets a loss goal"},
    {Verb::kRfc2544,
     "the tests of RFC 2544: throughput, latency, loss, back-to-back, recovery, reset"},
    {Verb::kCalibrate, "the back-to-back baseline: what the tester alone can do"},
    {Verb::kDut, "a device whose behaviour is known to the frame"},
    {Verb::kBackends,
     "backends that are usable, refused (and why), or left out of this build (and why)"},
    {Verb::kDoctor, "what on this host limits or blocks a test, and the cure"},
    {Verb::kCleanup, "remove what killed runs left on the host"}};

Error usage(std::string message, std::string hint) {
  return Error{ErrorKind::kUsage, std::move(message), std::move(hint), 0};
}

std::string verb_name(Verb verb) {
  return std::string(word_of(kVerbWords, verb));
}

std::string see_help(const std::optional<Verb>& verb) {
  return verb ? fmt::format("see 'wireproof {} --help'", verb_name(*verb))
              : "see 'wireproof --help'";
}

// The words of one verb, cut apart.
struct VerbWords {
  CLI::App* app = nullptr;
  struct Word {
    const Setting* setting;
    std::string flag;
    CLI::Option* option;
  };
  std::vector<Word> options;
};

// Whatever CLI11 would complain of is taken here and judged below: values that are missing, too
// many or empty, and words that belong to nothing.
CLI::Option* add_option(CLI::App& app, const Setting& setting, Verb verb) {
  std::string names = setting.positional ? std::string(setting.argument) : flag_of(setting);
  if (setting.letter != 0) names = fmt::format("-{},{}", setting.letter, names);
  const std::string help = help_of(setting, verb);
  if (setting.form.is_switch) return app.add_flag(names, help);
  CLI::Option* option = app.add_option(
      names, [](const CLI::results_t&) { return true; }, help);
  option->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (!setting.positional) {
    option->expected(0, 1)->type_name(setting.may_be_bare ? fmt::format("[{}]", setting.argument)
                                                          : std::string(setting.argument));
  }
  return option;
}

VerbWords add_verb(CLI::App& app, const VerbPurpose& one) {
  VerbWords words{.app = app.add_subcommand(verb_name(one.verb), one.purpose), .options = {}};
  words.app->fallthrough();  // --config is the program's, and may stand behind the verb
  words.app->allow_extras();
  for (const Setting* setting : settings_of(one.verb)) {
    words.options.push_back(
        {setting, flag_of(*setting), add_option(*words.app, *setting, one.verb)});
    if (setting->old_name.empty()) continue;
    Setting old = *setting;
    old.name = setting->old_name;
    CLI::Option* option = add_option(*words.app, old, one.verb);
    words.options.push_back({setting, flag_of(old), option->group("")});  // in no help
  }
  return words;
}

// A verb or flag that does not exist, or a word that no flag waits for.
Error unexpected_word(const std::optional<Verb>& verb, const std::string& word) {
  std::vector<std::string> known;
  if (word.size() > 1 && word.front() == '-') {
    const std::string flag = word.substr(0, word.find('='));
    known = {"--config", "--help"};
    if (verb) {
      for (const Setting* setting : settings_of(*verb)) known.push_back(flag_of(*setting));
    } else {
      known.emplace_back("--version");
    }
    const std::string near = nearest_name(flag, known);
    return usage(fmt::format("unknown flag {}", quote(flag)),
                 near.empty() ? see_help(verb) : fmt::format("did you mean '{}'?", near));
  }
  if (verb) return usage(fmt::format("{} belongs to no flag", quote(word)), see_help(verb));
  for (const auto& [one, name] : kVerbWords) known.emplace_back(name);
  const std::string near = nearest_name(word, known);
  return usage(fmt::format("unknown verb {}", quote(word)),
               near.empty() ? see_help(verb) : fmt::format("did you mean '{}'?", near));
}

Result<std::vector<Given>> given_by_flags(const VerbWords& words, Verb verb) {
  std::vector<Given> given;
  for (const auto& [setting, flag, option] : words.options) {
    if (option->count() == 0) continue;
    Given one{setting, flag, option->results()};
    if (setting->form.is_switch) one.texts.resize(1);  // said twice, it is on all the same
    const bool bare = std::any_of(one.texts.begin(), one.texts.end(),
                                  [](const std::string& text) { return text.empty(); });
    if (bare && !setting->may_be_bare) {
      return tl::unexpected(usage(one.as + " needs a value", see_help(verb)));
    }
    if (!given.empty() && given.back().setting == setting) {  // by its other name
      std::vector<std::string>& texts = given.back().texts;
      texts.insert(texts.end(), one.texts.begin(), one.texts.end());
      continue;
    }
    given.push_back(std::move(one));
  }
  return given;
}

constexpr std::uintmax_t kConfigBytesMax = 1 << 20;

constexpr const char* kConfigForm =
    "it has a [section] for each verb, and in it a key for each flag: [trial], flows = 4";

Status check_config_file(const std::string& path) {
  const auto refuse = [&](const std::string& why) {
    return tl::unexpected(usage("--config: " + why, kConfigForm));
  };
  if (path.empty()) return refuse("the name of the file is empty");
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (!std::filesystem::exists(status)) return refuse("there is no file " + quote(path));
  if (!std::filesystem::is_regular_file(status))
    return refuse(quote(path) + " is not a regular file");
  if (std::filesystem::file_size(path, failed) > kConfigBytesMax) {
    return refuse(fmt::format("{} is larger than {} KiB", quote(path), kConfigBytesMax >> 10));
  }
  if (access(path.c_str(), R_OK) != 0) return refuse(quote(path) + " may not be read");
  return {};
}

// What a key of a section is near to, with - where a document has _.
std::string key_hint(std::optional<Verb> section, std::string name) {
  if (!section) return kConfigForm;
  std::vector<std::string> known;
  for (const Setting* setting : settings_of(*section)) {
    if (!setting->positional) known.emplace_back(setting->name);
  }
  std::replace(name.begin(), name.end(), '_', '-');
  const std::string near = nearest_name(name, known);
  return near.empty() ? kConfigForm : fmt::format("did you mean '{}'?", near);
}

// Those of the verb; the sections of others are read for keys that nobody knows.
Result<std::vector<Given>> given_by_file(const std::string& path, Verb verb) {
  if (Status ok = check_config_file(path); !ok) return tl::unexpected(ok.error());
  std::vector<CLI::ConfigItem> items;
  try {
    std::ifstream file(path);
    items = CLI::ConfigTOML().from_config(file);
  } catch (const CLI::Error&) {
    return tl::unexpected(usage(fmt::format("--config {}: not TOML", quote(path)), kConfigForm));
  }
  std::vector<Given> given;
  for (const CLI::ConfigItem& item : items) {
    if (item.name == "++" || item.name == "--") continue;  // a section begins, or ends
    const auto section =
        item.parents.size() == 1 ? value_of(kVerbWords, item.parents.front()) : std::nullopt;
    const Setting* setting = section ? find_setting(*section, item.name) : nullptr;
    if (setting == nullptr || setting->positional) {
      return tl::unexpected(
          usage(fmt::format("--config {}: no flag takes {}", quote(path), quote(item.fullname())),
                key_hint(section, item.name)));
    }
    if (*section != verb) continue;
    std::vector<std::string> texts = item.inputs;
    const auto same = [&](const Given& one) { return one.setting == setting; };
    if (std::any_of(given.begin(), given.end(), same)) {
      return tl::unexpected(
          usage(fmt::format("{} is given twice in {}", item.name, quote(path)), "give it once"));
    }
    given.push_back({setting, fmt::format("{} in {}", item.name, quote(path)), std::move(texts)});
  }
  return given;
}

// The command line has the last word.
void complete(std::vector<Given>& given, std::vector<Given> file) {
  for (Given& one : file) {
    const auto same = [&](const Given& flag) { return flag.setting == one.setting; };
    if (std::none_of(given.begin(), given.end(), same)) given.push_back(std::move(one));
  }
}

Result<Settings> settings_given(const VerbWords& words, Verb verb, const CLI::Option& config) {
  Result<std::vector<Given>> given = given_by_flags(words, verb);
  if (!given) return tl::unexpected(given.error());
  if (config.count() > 1) {
    return tl::unexpected(usage("--config is given twice", "give it once"));
  }
  if (config.count() == 1) {
    auto file = given_by_file(config.results().front(), verb);
    if (!file) return tl::unexpected(file.error());
    complete(*given, std::move(*file));
  }
  return read_settings(verb, *given, Spelling::kFlag);
}

}  // namespace

ParsedCommandLine parse_command_line(int argc, const char* const* argv) {
  ParsedCommandLine parsed;
  CLI::App app{kDescription, "wireproof"};
  app.set_version_flag("-V,--version", version_line());
  CLI::Option* config = app.add_option(
      "--config", [](const CLI::results_t&) { return true; },
      "read flags from FILE (TOML: a section for each verb)");
  config->type_name("FILE")->expected(0, 1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.allow_extras();
  app.require_subcommand(0, 1);  // a second verb is a word like any other
  app.get_formatter()->column_width(28);
  std::map<Verb, VerbWords> verbs;
  for (const VerbPurpose& one : kPurposes) verbs[one.verb] = add_verb(app, one);

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    parsed.early = EarlyExit{app.help(), 0};
    return parsed;
  } catch (const CLI::CallForVersion&) {
    parsed.early = EarlyExit{version_line() + "\n", 0};
    return parsed;
  } catch (const CLI::Error& error) {  // none is known to be left
    parsed.error = usage(printable(error.what()), "see 'wireproof --help'");
    return parsed;
  }
  const auto chosen = std::find_if(verbs.begin(), verbs.end(),
                                   [](const auto& one) { return one.second.app->parsed(); });
  if (chosen == verbs.end()) {
    const auto left = app.remaining(false);
    parsed.error = left.empty()
                       ? usage("no verb is given: " + all_words(kVerbWords), see_help(std::nullopt))
                       : unexpected_word(std::nullopt, left.front());
    return parsed;
  }
  parsed.settings.verb = chosen->first;
  if (const auto left = app.remaining(true); !left.empty()) {
    parsed.error = unexpected_word(chosen->first, left.front());
    return parsed;
  }
  Result<Settings> settings = settings_given(chosen->second, chosen->first, *config);
  if (settings) {
    parsed.settings = std::move(*settings);
  } else {
    parsed.error = settings.error();
  }
  return parsed;
}

}  // namespace wireproof
