// The table as a whole: one name in all its spellings, and what is written is read back the same.
#include "settings/table.h"

#include <gtest/gtest.h>

#include <set>

#include "settings/asked.h"

namespace wireproof {
namespace {

constexpr Verb kJobs[] = {Verb::kTrial, Verb::kSearch, Verb::kCalibrate, Verb::kDut};

// What a verb cannot do without.
Asked least(Verb verb) {
  Asked asked(verb);
  for (const char* name : {"tx", "rx", "a", "b"}) {
    if (find_setting(verb, name) != nullptr) asked[name] = std::string("loopback:") + name;
  }
  if (verb == Verb::kTrial) asked["rate"] = "1kpps";
  return asked;
}

std::string text_of(const Config& config, const std::string& key) {
  for (const ConfigEntry& entry : config) {
    if (entry.key != key) continue;
    if (const auto* text = std::get_if<std::string>(&entry.value.value)) return *text;
    if (const auto* number = std::get_if<std::uint64_t>(&entry.value.value)) {
      return std::to_string(*number);
    }
    if (const auto* yes = std::get_if<bool>(&entry.value.value)) return *yes ? "true" : "false";
    if (const auto* list = std::get_if<std::vector<std::string>>(&entry.value.value)) {
      std::string all;
      for (const std::string& one : *list) all += "[" + one + "]";
      return all;
    }
  }
  return "absent";
}

bool same(const Config& one, const Config& other) {
  if (one.size() != other.size()) return false;
  return std::all_of(one.begin(), one.end(), [&](const ConfigEntry& entry) {
    return text_of(one, entry.key) == text_of(other, entry.key);
  });
}

TEST(SettingsTable, OneNameIsOneSettingOfAVerb) {
  for (const auto& [verb, word] : kVerbWords) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Setting* setting : settings_of(verb)) {
      EXPECT_TRUE(names.insert(setting->name).second) << word << " " << setting->name;
      EXPECT_TRUE(setting->letter == 0 || letters.insert(setting->letter).second) << word;
      EXPECT_EQ(setting->form.is_switch, setting->argument.empty()) << setting->name;
      EXPECT_FALSE(setting->help.empty()) << setting->name;
      EXPECT_EQ(find_setting(verb, setting->name), setting);
      if (setting->old_name.empty()) continue;
      EXPECT_TRUE(names.insert(setting->old_name).second) << word << " " << setting->old_name;
      EXPECT_EQ(find_setting(verb, setting->old_name), setting);
    }
  }
}

TEST(SettingsTable, DefaultsAreReadBackAsTheyAreWritten) {
  for (const Verb verb : kJobs) {
    const auto settings = least(verb).read();
    ASSERT_TRUE(settings) << settings.error().message;
    const Config written = job_config(*settings);
    const auto again = read_job(verb, written);
    ASSERT_TRUE(again) << word_of(kVerbWords, verb) << ": " << again.error().message;
    EXPECT_TRUE(same(written, job_config(*again))) << word_of(kVerbWords, verb);
  }
}

// A trial is put beside what `calibrate` found where these are the same, and no others need be.
TEST(SettingsTable, SomeAreConditionsOfACalibration) {
  const auto keys = [](const Config& config) {
    std::string all;
    for (const ConfigEntry& entry : config) all += entry.key + " ";
    return all;
  };
  for (const Verb verb : {Verb::kTrial, Verb::kSearch, Verb::kCalibrate}) {
    Asked asked = least(verb);
    EXPECT_EQ(keys(calibration_conditions(*asked.read())),
              "bidirectional queues ring isolate pacing schedule latency ");
    const Config usual = calibration_conditions(*asked.read());
    asked["schedule"] = "bursty";
    asked["burst-size"] = "64";
    asked["burst"] = "128";
    EXPECT_EQ(keys(calibration_conditions(*asked.read())),
              "bidirectional queues ring isolate burst pacing schedule burst_size latency ");
    for (const auto& [name, text] : {std::pair{"queues", "2"},
                                     {"ring", "64"},
                                     {"burst", "64"},
                                     {"isolate", "true"},
                                     {"pacing", "precise"},
                                     {"schedule", "poisson"},
                                     {"latency", "1/100"},
                                     {"bidirectional", "true"}}) {
      Asked other = least(verb);
      other["flows"] = "2";  // for the two queues; no condition
      other[name] = text;
      const auto settings = other.read();
      ASSERT_TRUE(settings) << name << ": " << settings.error().message;
      EXPECT_FALSE(calibration_conditions(*settings) == usual) << name;
    }
    for (const auto& [name, text] :
         {std::pair{"flows", "16"}, {"vlan", "7"}, {"warm-up", "1s"}, {"tx-cores", "0"}}) {
      Asked other = least(verb);
      other[name] = text;
      const auto settings = other.read();
      ASSERT_TRUE(settings) << name << ": " << settings.error().message;
      EXPECT_TRUE(calibration_conditions(*settings) == usual) << name;
    }
  }
}

struct Example {
  Verb verb;
  const char* name;
  const char* text;
  const char* written;  // nullptr: as given
};

constexpr Example kExamples[] = {
    {Verb::kTrial, "rate", "1.5Mpps", "1500000pps"},
    {Verb::kTrial, "rate", "10G", "10000000000bps"},
    {Verb::kTrial, "rate", "12.5%", nullptr},
    {Verb::kTrial, "rate", "max", nullptr},
    {Verb::kTrial, "duration", "1.5s", "1500ms"},
    {Verb::kTrial, "duration", "2h", nullptr},
    {Verb::kTrial, "fail-if", "loss > 0.1%", "[loss>0.001]"},
    {Verb::kTrial, "fail-if", "loss>0.0000001", "[loss>0.0000001]"},
    {Verb::kTrial, "fail-if", "loss>0.12345678", "[loss>0.12345678]"},
    {Verb::kTrial, "fail-if", "delay_p99>1.5us,invalid", "[delay_p99>1500ns][invalid]"},
    {Verb::kTrial, "frame-log", "/tmp/log.csv", nullptr},
    {Verb::kTrial, "bidirectional", "true", nullptr},
    {Verb::kTrial, "size", "64,512", nullptr},
    {Verb::kTrial, "size", "imix", nullptr},
    {Verb::kTrial, "size", "aag", nullptr},
    {Verb::kTrial, "line-rate", "10Gbps", "10000000000bps"},
    {Verb::kTrial, "flows", "4k", "4000"},
    {Verb::kTrial, "flow-order", "sequential", nullptr},
    {Verb::kTrial, "dst-mac", "02:00:00:00:00:01", nullptr},
    {Verb::kTrial, "next-hop", "198.18.0.9", nullptr},
    {Verb::kTrial, "src-ip", "198.18.1.1", nullptr},
    {Verb::kTrial, "src-port", "1000", nullptr},
    {Verb::kTrial, "dscp", "46", nullptr},
    {Verb::kTrial, "ttl", "1", nullptr},
    {Verb::kTrial, "ring", "512", nullptr},
    {Verb::kTrial, "tx-cores", "0-2", "0,1,2"},
    {Verb::kTrial, "burst", "16", nullptr},
    {Verb::kTrial, "tx-stamp", "frame", nullptr},
    {Verb::kTrial, "pacing", "precise", nullptr},
    {Verb::kTrial, "schedule", "poisson", nullptr},
    {Verb::kTrial, "idle", "spin", nullptr},
    {Verb::kTrial, "latency", "off", nullptr},
    {Verb::kTrial, "latency", "1/7", nullptr},
    {Verb::kTrial, "warm-up", "0", nullptr},
    {Verb::kTrial, "waiting-time", "70ms", nullptr},
    {Verb::kTrial, "rate-layer", "l3", nullptr},
    {Verb::kTrial, "no-calibration", "true", nullptr},
    {Verb::kSearch, "goal", "loss=2%", "[loss=2%]"},
    {Verb::kSearch, "goal", "rfc2544", "[rfc2544]"},
    {Verb::kSearch, "goal", "60f60d0.5l0e", "[60f60d0.5l0e]"},
    {Verb::kSearch, "method", "mlr", nullptr},
    {Verb::kSearch, "precision", "0.3%", "0.003"},
    {Verb::kSearch, "final-duration", "60s", "1m"},
    {Verb::kSearch, "min-rate", "1Mbps", "1000000bps"},
    {Verb::kSearch, "time-limit", "90s", nullptr},
    {Verb::kCalibrate, "rate", "5kpps", "5000pps"},
    {Verb::kCalibrate, "trial-duration", "250ms", nullptr},
    {Verb::kDut, "loss", "0.1%", "0.001"},
    {Verb::kDut, "duplicate", "0.002", nullptr},
    {Verb::kDut, "corrupt", "0.003", nullptr},
    {Verb::kDut, "reorder", "0.004", nullptr},
    {Verb::kDut, "delay", "5ms", nullptr},
    {Verb::kDut, "jitter", "7ms", nullptr},
    {Verb::kDut, "rate", "100kpps", "100000pps"},
    {Verb::kDut, "seed", "18446744073709551615", nullptr},
    {Verb::kDut, "only", "b-to-a", nullptr},
    {Verb::kDut, "idle", "spin", nullptr},
    {Verb::kDut, "duration", "3s", nullptr},
};

TEST(SettingsTable, WhatIsGivenIsWrittenExactlyAndReadBack) {
  for (const Example& example : kExamples) {
    Asked asked = least(example.verb);
    asked[example.name] = example.text;
    const auto settings = asked.read();
    ASSERT_TRUE(settings) << example.name << ": " << settings.error().message;
    const Config written = job_config(*settings);
    const std::string key = key_of(*find_setting(example.verb, example.name));
    EXPECT_EQ(text_of(written, key), example.written != nullptr ? example.written : example.text);
    const auto again = read_job(example.verb, written);
    ASSERT_TRUE(again) << example.name << ": " << again.error().message;
    EXPECT_TRUE(same(written, job_config(*again))) << example.name;
  }
}

TEST(SettingsTable, ADocumentMayWriteNumbersAndListsAsSuch) {
  const auto settings = read_job(Verb::kSearch, {{"tx", "loopback:a"},
                                                 {"rx", "loopback:b"},
                                                 {"flows", 12u},
                                                 {"bidirectional", true},
                                                 {"ipv6", false},
                                                 {"size", 128u},
                                                 {"goal", std::vector<std::string>{"ndr", "pdr"}}});
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->test.profile.flows, 12u);
  EXPECT_TRUE(settings->test.bidirectional);
  EXPECT_FALSE(settings->test.profile.ipv6);
  EXPECT_EQ(settings->test.sizes.front().name, "128");
  EXPECT_EQ(settings->search.goals.size(), 2u);
}

// The same checks and the same sentences, by the name that the reader of them wrote.
TEST(SettingsTable, ARefusalNamesTheSettingAsItWasWritten) {
  const auto refused = [](const char* name, const char* text) {
    Asked asked = least(Verb::kTrial);
    asked[name] = text;
    const auto by_flag = asked.read();
    Config config{{"tx", "loopback:a"}, {"rx", "loopback:b"}, {"rate", "1kpps"}};
    config.push_back({key_of(*find_setting(Verb::kTrial, name)), text});
    const auto by_key = read_job(Verb::kTrial, config);
    if (by_flag || by_key) return std::pair<std::string, std::string>("taken", "taken");
    const auto sentences = [](const Error& error) { return error.message + ": " + error.hint; };
    return std::pair(sentences(by_flag.error()), sentences(by_key.error()));
  };
  for (const auto& [name, text] : {std::pair{"warm-up", "soon"},
                                   {"flow-order", "any"},
                                   {"burst-size", "64"},
                                   {"frame-log-frames", "10"},
                                   {"src-ip", "2001:2::1"},
                                   {"dst-ip", "224.0.0.1"},
                                   {"tx-stamp", "both"},
                                   {"dst-mac", "ff:ff:ff:ff:ff:ff"}}) {
    const auto [flag, key] = refused(name, text);
    std::string named = key_of(*find_setting(Verb::kTrial, name));
    EXPECT_EQ(flag.find("--" + std::string(name)), 0u) << flag;
    EXPECT_EQ(key.find(named), 0u) << key;
    EXPECT_EQ(key.find("--"), std::string::npos) << key;
  }
}

TEST(SettingsTable, WhatIsMissingEmptyOrGivenTwiceIsRefused) {
  for (const Verb verb : kJobs) {
    for (const Setting* setting : settings_of(verb)) {
      if (!setting->needed_by.has(verb)) continue;
      Asked asked = least(verb);
      asked.erase(std::string(setting->name));
      ASSERT_FALSE(asked.read()) << setting->name;
      EXPECT_NE(asked.read().error().message.find("needs --"), std::string::npos);
    }
  }
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{""}, std::vector<std::string>{"1", "2"}}) {
    Asked asked = least(Verb::kTrial);
    asked.set("flows", texts);
    ASSERT_FALSE(asked.read());
    EXPECT_EQ(asked.read().error().message.find("--flows is given "), 0u);
  }
}

// Such as `rate = []` in a file: never the default in its place.
TEST(SettingsTable, AnEmptyListIsNoValue) {
  for (const char* name : {"rate", "rx", "duration", "flows", "bidirectional"}) {
    Asked asked = least(Verb::kTrial);
    asked.set(name, {});
    const auto settings = asked.read();
    ASSERT_FALSE(settings) << name;
    EXPECT_EQ(settings.error().message, "--" + std::string(name) + " is given an empty list");
  }
}

TEST(SettingsTable, UnknownKeysAreNamedWithTheNearest) {
  for (const char* key : {"flow", "flow-order", "--flows", "json", "quiet"}) {
    Config config{{"tx", "loopback:a"}, {"rx", "loopback:b"}, {"rate", "1kpps"}};
    config.push_back({key, "1"});
    const auto settings = read_job(Verb::kTrial, config);
    ASSERT_FALSE(settings) << key;
    EXPECT_NE(settings.error().message.find(key), std::string::npos);
  }
  EXPECT_EQ(read_job(Verb::kTrial, {{"flow", "1"}}).error().hint, "did you mean 'flows'?");
}

}  // namespace
}  // namespace wireproof
