#include "report/trial_exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>

#include "base/units.h"
#include "report/json_parts.h"

namespace wireproof {

namespace {

constexpr double kLongestSeconds = 1e6;

tl::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::kPeer, "the trial command's answer: " + std::move(message),
              R"(it must print {"intended":n,"offered":n,"received":n,"duration_s":s})");
}

// One flat object, no key twice: the parser alone would keep the last of two.
Result<Json> parse_flat_object(std::string_view text) {
  std::set<std::string> keys;
  std::string repeated;
  bool nested = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key && !keys.insert(parsed.get<std::string>()).second)
      repeated = parsed.get<std::string>();
    nested |= depth > 0 && (event == Json::parse_event_t::object_start ||
                            event == Json::parse_event_t::array_start);
    return !nested;  // what is nested is not kept
  };
  Json json = Json::parse(text, watch, false);
  if (json.is_discarded() && !nested) return wrong("is not JSON");
  if (nested || !json.is_object()) return wrong("is not one flat object");
  if (!repeated.empty()) return wrong(quote(repeated) + " is given twice");
  return json;
}

Status take_count(const Json& json, const char* key, std::uint64_t& into) {
  if (!json.contains(key)) return wrong(fmt::format("'{}' is missing", key));
  if (!json[key].is_number_unsigned())
    return wrong(
        fmt::format("'{}' is not a whole number of frames: {}", key, printable(json[key].dump())));
  into = json[key].get<std::uint64_t>();
  return {};
}

Status take_duration(const Json& json, Nanoseconds& into) {
  const char* key = "duration_s";
  if (!json.contains(key)) return wrong("'duration_s' is missing");
  if (!json[key].is_number()) return wrong("'duration_s' is not a number");
  const auto value = json[key].get<double>();
  if (value > 0 && value < kLongestSeconds) {
    into = std::llround(value * static_cast<double>(kSecond));
  }
  if (into == 0) return wrong(fmt::format("'duration_s' is no duration: {:g}", value));
  return {};
}

Status check_keys(const Json& json) {
  static const std::set<std::string> kKnown = {"intended", "offered", "received", "duration_s",
                                               "invalid"};
  for (const auto& [key, value] : json.items())
    if (!kKnown.contains(key)) return wrong(quote(key) + " is not a known key");
  return {};
}

}  // namespace

std::string trial_request(const TrialSpec& spec) {
  assert(!spec.max_rate);
  return dump({{"load_fps", spec.intended_fps},
               {"duration_s", seconds(spec.duration)},
               {"frame_size", spec.frame_size},
               {"trial", spec.id}},
              -1);
}

Result<TrialAnswer> parse_trial_answer(std::string_view text) {
  const Result<Json> json = parse_flat_object(text);
  if (!json) return tl::unexpected(json.error());
  TrialAnswer answer;
  for (Status step :
       {check_keys(*json), take_count(*json, "intended", answer.intended),
        take_count(*json, "offered", answer.offered),
        take_count(*json, "received", answer.received), take_duration(*json, answer.duration)})
    if (!step) return tl::unexpected(step.error());
  if (answer.offered > answer.intended)
    return wrong(
        fmt::format("offered {} is more than intended {}", answer.offered, answer.intended));
  if (answer.received > answer.offered)
    return wrong(fmt::format("received {} is more than offered {} (count each frame once)",
                             answer.received, answer.offered));
  if (!json->contains("invalid")) return answer;
  const Json& invalid = (*json)["invalid"];
  if (!invalid.is_string() || invalid.get<std::string>().empty())
    return wrong("'invalid' is not a reason in words");
  answer.invalid = invalid.get<std::string>();
  // It is shown to people: a terminal obeys what is no text.
  const auto control = [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; };
  std::replace_if(answer.invalid.begin(), answer.invalid.end(), control, '?');
  return answer;
}

}  // namespace wireproof
