// The rows of the suite, and what they ask of one another.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "packet/headers.h"
#include "settings/goal_text.h"
#include "settings/ports.h"
#include "settings/rules.h"
#include "settings/table.h"

namespace wireproof {
namespace {

constexpr Verbs kSuite{Verb::kRfc2544};
// RFC 2544 section 9.1.
constexpr std::array<std::uint32_t, 7> kStandardSizes{64, 128, 256, 512, 1024, 1280, 1518};
// RFC 2544 appendix C: UDP echo.
constexpr std::uint16_t kEchoPort = 7;

template <auto kMember>
auto suite() {
  return in<&Settings::suite, kMember>();
}

Result<std::vector<SuiteTest>> read_tests(std::string_view name, const std::string& text) {
  std::vector<SuiteTest> tests;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string word = text.substr(at, end - at);
    const auto test = word.empty() ? std::nullopt : value_of(kSuiteTestWords, word);
    if (!test)
      return fail(ErrorKind::kUsage, fmt::format("{} {}: unknown", name, quote(word)),
                  fmt::format("some of: {}", all_words(kSuiteTestWords)));
    if (std::find(tests.begin(), tests.end(), *test) != tests.end())
      return fail(ErrorKind::kUsage, fmt::format("{} {}: named twice", name, quote(word)),
                  "name each test once");
    tests.push_back(*test);
    at = end + 1;
  }
  std::sort(tests.begin(), tests.end());
  return tests;
}

std::string tests_text(const std::vector<SuiteTest>& tests) {
  std::string text;
  for (const SuiteTest test : tests) {
    if (!text.empty()) text += ",";
    text += word_of(kSuiteTestWords, test);
  }
  return text;
}

Form tests_form() {
  const auto at = suite<&SuiteSettings::tests>();
  Form made = forms::form(all_words(kSuiteTestWords), at, read_tests, tests_text);
  made.write = [at](const Settings& from) -> std::optional<ConfigValue> {
    if (at(from).empty()) return std::nullopt;
    return ConfigValue(tests_text(at(from)));
  };
  return made;
}

Form known_throughput() {
  return forms::form(
      "", suite<&SuiteSettings::throughput>(),
      [](std::string_view name, const std::string& text) -> Result<Rate> {
        const auto rate = parse_rate(name, text);
        if (!rate || rate->kind != Rate::Kind::kMax) return rate;
        return fail(ErrorKind::kUsage, fmt::format("{} max: not a rate", name),
                    "write it as 1.5Mpps, 10Gbps or 50%");
      },
      [](const Rate& value) { return exact_rate(value); });
}

Form targets() {
  return {.is_list = true,
          .read = [](std::string_view name, const std::string& text, Settings& into) -> Status {
            const auto prefix = parse_prefix(text);
            if (!prefix)
              return fail(ErrorKind::kUsage, fmt::format("{} {}: not a network", name, quote(text)),
                          "write it as 192.0.2.0/24 or 2001:db8::/32");
            into.suite.allow_target.push_back(*prefix);
            return {};
          },
          .write = [](const Settings& from) -> std::optional<ConfigValue> {
            std::vector<std::string> texts;
            for (const IpPrefix& one : from.suite.allow_target) texts.push_back(format_prefix(one));
            if (texts.empty()) return std::nullopt;
            return ConfigValue(std::move(texts));
          }};
}

bool has(const SuiteSettings& suite, SuiteTest test) {
  return std::find(suite.tests.begin(), suite.tests.end(), test) != suite.tests.end();
}

// RFC 6815: such tests are for a network of their own. Its addresses (RFC 2544 appendix C.2.2, RFC
// 5180 section 8) say that it is one; loopback leaves no host.
Status check_target(const IpAddress& ip, const SuiteSettings& suite, const Names& names) {
  static const std::array kOwn{*parse_prefix("198.18.0.0/15"), *parse_prefix("2001:2::/48"),
                               *parse_prefix("127.0.0.0/8"), *parse_prefix("::1")};
  const auto holds = [&ip](const IpPrefix& prefix) { return prefix.contains(ip); };
  if (std::any_of(kOwn.begin(), kOwn.end(), holds)) return {};
  if (std::any_of(suite.allow_target.begin(), suite.allow_target.end(), holds)) return {};
  return refuse(
      fmt::format("frames would be sent to {}, which is not an address for tests (RFC 6815): the "
                  "suite overloads what it sends to",
                  format_ip(ip)),
      fmt::format("use 198.18.0.0/15 or 2001:2::/48; or give {} {}, if nobody else uses that "
                  "network",
                  names("allow-target"), format_ip(ip)));
}

Status check_targets(const Settings& settings, const Names& names) {
  const TestSettings& test = settings.test;
  if (is_socket_port(test.tx)) {
    for (const std::string& port : {test.rx.value_or(""), test.bidirectional ? test.tx : ""}) {
      const auto to = socket_endpoint(port);
      if (!to) continue;
      if (Status ok = check_target(to->ip, settings.suite, names); !ok) return ok;
    }
    return {};
  }
  for (const bool reverse : {false, true}) {
    if (reverse && !test.bidirectional) break;
    const auto headers = header_spec(test.profile, reverse);
    const auto last = last_destination(test.profile, reverse);
    if (!headers || !last) continue;  // told by settle_traffic()
    for (const IpAddress& ip : {headers->dst_ip, *last}) {
      if (Status ok = check_target(ip, settings.suite, names); !ok) return ok;
    }
  }
  return {};
}

// A frame that is too small for its headers and the signature gives way to the least that is not.
void fit_sizes(Settings& settings) {
  TestSettings& test = settings.test;
  if (is_socket_port(test.tx)) return;
  const std::uint32_t least = frame_size_min(test.profile.ipv6, test.profile.vlan.has_value());
  for (SizeChoice& choice : test.sizes) {
    if (choice.sizes.size() > 1 || choice.sizes.front() >= least) continue;
    if (choice.name.find_first_not_of("0123456789") != std::string::npos) continue;  // a mix
    settings.suite.replaced.push_back(fmt::format(
        "frames of {} bytes in place of {}, which have no room for the signature behind "
        "these headers",
        least, choice.sizes.front()));
    choice = {.name = std::to_string(least), .sizes = {least}};
  }
  std::vector<SizeChoice> each;  // once
  for (SizeChoice& choice : test.sizes) {
    const auto same = [&](const SizeChoice& other) { return other.name == choice.name; };
    if (std::none_of(each.begin(), each.end(), same)) each.push_back(std::move(choice));
  }
  test.sizes = std::move(each);
}

Status settle_tests(SuiteSettings& suite, const Names& names) {
  if (suite.tests.empty()) {
    for (const auto& [test, word] : kSuiteTestWords) {
      const bool without = test == SuiteTest::kThroughput && suite.throughput;
      if (!without && (test != SuiteTest::kReset || !suite.reset_command.empty()))
        suite.tests.push_back(test);
    }
  }
  const bool finds = has(suite, SuiteTest::kThroughput);
  if (finds && suite.throughput)
    return refuse(
        fmt::format("{} and the throughput test: give it or search for it", names("throughput")),
        fmt::format("leave one of them out of {}", names("tests")));
  const bool loss_alone = suite.tests.size() == 1 && has(suite, SuiteTest::kLoss);
  if (!finds && !suite.throughput && !loss_alone)
    return refuse(
        fmt::format("{} without throughput: the other tests are made at it", names("tests")),
        fmt::format("add throughput, or give it with {}", names("throughput")));
  if (loss_alone && suite.throughput)
    return refuse(fmt::format("{} has no effect on the loss test", names("throughput")),
                  "leave it out");
  const auto needs_one_of = [&](const char* name,
                                std::initializer_list<SuiteTest> tests) -> Status {
    const bool any =
        std::any_of(tests.begin(), tests.end(), [&](SuiteTest test) { return has(suite, test); });
    if (any || !names.given(name)) return {};
    return refuse(fmt::format("{} has no effect on the tests that are run", names(name)),
                  fmt::format("leave it out, or name other {}", names("tests")));
  };
  for (const char* name : {"goal", "min-rate"}) {
    if (Status ok = needs_one_of(name, {SuiteTest::kThroughput}); !ok) return ok;
  }
  if (Status ok = needs_one_of("repetitions", {SuiteTest::kLatency, SuiteTest::kBackToBack,
                                               SuiteTest::kRecovery, SuiteTest::kReset});
      !ok)
    return ok;
  if (has(suite, SuiteTest::kReset)) return {};
  for (const char* name : {"reset-command", "reset-duration"}) {
    if (names.given(name))
      return refuse(fmt::format("{} has no effect without the reset test", names(name)),
                    fmt::format("add reset to {}, or leave it out", names("tests")));
  }
  return {};
}

Status settle_throughput(Settings& settings, const Names& names) {
  SearchSettings& search = settings.search;
  search.spec.trial_duration = kSecond;
  search.spec.final_duration = settings.suite.quick ? kSecond : 60 * kSecond;
  if (search.goals.empty() && !settings.suite.quick) {
    auto goals = parse_goal(names("goal"), "rfc2544");
    if (!goals) return tl::unexpected(goals.error());
    search.goals = std::move(*goals);
  }
  if (search.goals.empty()) search.goals.push_back({});
  if (search.min_rate.kind == Rate::Kind::kMax)
    return refuse(fmt::format("{} max: there is no range to search", names("min-rate")),
                  "leave it out, or give a rate");
  return {};
}

}  // namespace

SettingRows suite_settings() {
  return {
      {"tests", "TESTS", "which tests are run; default: all, reset only with --reset-command",
       kSuite, Scope::kJob, tests_form()},
      {"quick", "", "short trials and few repetitions: minutes, not hours", kSuite, Scope::kJob,
       forms::on(suite<&SuiteSettings::quick>())},
      {"throughput", "RATE", "use RATE as the throughput instead of searching for it", kSuite,
       Scope::kJob, known_throughput()},
      {"repetitions", "N",
       "repetitions of latency, back-to-back, recovery and reset; default: 20, 50, 3, 10", kSuite,
       Scope::kJob, forms::count(1, 1000, suite<&SuiteSettings::repetitions>())},
      {"settle", "TIME", "rest between two trials; default: 5s, or none with --quick", kSuite,
       Scope::kJob, forms::duration(0, 600 * kSecond, suite<&SuiteSettings::settle>())},
      {"reset-command", "CMD",
       "shell command that resets the device; without it the operator is asked to", kSuite,
       Scope::kJob, forms::word(suite<&SuiteSettings::reset_command>())},
      {"reset-duration", "TIME",
       "duration of a reset trial, of which the first quarter precedes the reset; default: 60s, or "
       "10s with --quick",
       kSuite, Scope::kJob,
       forms::duration(10 * kMillisecond, kLongestDuration,
                       suite<&SuiteSettings::reset_duration>())},
      {"allow-target", "NETWORK",
       "also allow destinations in NETWORK, outside 198.18.0.0/15, 2001:2::/48; repeatable", kSuite,
       Scope::kJob, targets()},
  };
}

Settings default_settings(Verb verb) {
  Settings settings{.verb = verb};
  if (verb != Verb::kRfc2544) return settings;
  settings.test.sizes.clear();
  for (const std::uint32_t size : kStandardSizes)
    settings.test.sizes.push_back({.name = std::to_string(size), .sizes = {size}});
  settings.test.profile.dst_l4_port = kEchoPort;
  settings.test.trial.waiting_time = 2 * kSecond;
  return settings;
}

Status begin_suite(Settings& settings, const Names& names) {
  TestSettings& test = settings.test;
  if (!test.rx)
    return refuse(fmt::format("{} none: the suite needs a receiver", names("rx")),
                  "name the port the frames come out of");
  fit_sizes(settings);
  if (settings.suite.quick) {
    test.trial.end_when_complete = true;
    if (!names.given("waiting-time")) test.trial.waiting_time = 300 * kMillisecond;
  }
  if (!settings.suite.settle) settings.suite.settle = settings.suite.quick ? 0 : 5 * kSecond;
  return {};
}

Status settle_suite(Settings& settings, const Names& names) {
  SuiteSettings& suite = settings.suite;
  if (Status ok = settle_tests(suite, names); !ok) return ok;
  if (Status ok = settle_throughput(settings, names); !ok) return ok;
  if (has(suite, SuiteTest::kLatency) && settings.test.trial.delay_every == 0)
    return refuse(
        fmt::format("{} off: the latency test needs delays", names("latency")),
        fmt::format("leave latency out of {}, or give {} all", names("tests"), names("latency")));
  return check_targets(settings, names);
}

}  // namespace wireproof
