#include "report/trial_log.h"

#include <fmt/format.h>

#include <optional>

#include "base/units.h"
#include "report/config_fields.h"
#include "report/json_parts.h"
#include "report/trial_fields.h"

namespace wireproof {
namespace {

constexpr const char* kSchema = "wireproof/trial-log";
constexpr const char* kVersion = "1.0";
// As of a result, and one more.
constexpr int kLogDepth = 17;

constexpr const char* kCure =
    "give the log of a run with the same flags, or begin a new one with --log";

tl::unexpected<Error> no_log(std::string why) {
  return fail(ErrorKind::kPrecondition, "the log cannot be resumed: " + std::move(why), kCure);
}

Json head_json(const TrialLogHead& head) {
  return {{"schema", kSchema},
          {"schema_version", kVersion},
          {"verb", head.verb},
          {"host", head.host},
          {"line_rate_bps", head.line_rate_bps},
          {"settings", config_json(head.settings)}};
}

// The first setting that is another, by its key, which may be any text.
std::optional<std::string> other_setting(const Json& here, const Json& there) {
  for (const auto& [key, value] : here.items()) {
    if (!there.contains(key) || there[key] != value) return key;
  }
  for (const auto& [key, value] : there.items()) {
    if (!here.contains(key)) return key;
  }
  return std::nullopt;
}

Status check_head(std::string_view line, const TrialLogHead& wanted) {
  const Json json = parse_bounded(line, kLogDepth);
  if (!json.is_object() || text_at(json, "schema") != kSchema)
    return no_log("it is no log of trials");
  if (!text_at(json, "schema_version").starts_with("1."))
    return no_log("it is of a later schema version");
  const Json here = head_json(wanted);
  if (text_at(json, "verb") != wanted.verb)
    return no_log(fmt::format("it is of another verb, not of {}", wanted.verb));
  if (text_at(json, "host") != wanted.host) return no_log("it was written on another host");
  const auto line_rate = json.find("line_rate_bps");
  if (line_rate == json.end() || *line_rate != here["line_rate_bps"])
    return no_log("the ports had another line rate");
  const auto settings = json.find("settings");
  if (settings == json.end() || !settings->is_object()) return no_log("its first line is damaged");
  if (const auto other = other_setting(here["settings"], *settings))
    return no_log(fmt::format("it is of a run with another {}", quote(*other)));
  return {};
}

}  // namespace

std::string trial_log_line(const TrialLogHead& head) {
  return dump(head_json(head), -1);
}

std::string trial_log_line(const LoggedTrial& logged, const Hosts& hosts) {
  Json json = Json::object();
  ObjectWriter writer(json);
  writer.field("took_ns", logged.took);
  writer.object("trial", [&](auto& inner) { trial_fields(inner, logged.trial, hosts); });
  return dump(json, -1);
}

Result<TrialLogText> read_trial_log(std::string_view text, const TrialLogHead& head,
                                    const Hosts& hosts) {
  TrialLogText log;
  for (std::size_t number = 1; log.whole_bytes < text.size(); ++number) {
    const std::size_t end = text.find('\n', log.whole_bytes);
    if (end == text.npos) break;
    const std::string_view line = text.substr(log.whole_bytes, end - log.whole_bytes);
    if (number == 1) {
      if (Status ok = check_head(line, head); !ok) return tl::unexpected(ok.error());
    } else {
      const Json json = parse_bounded(line, kLogDepth);
      std::string wrong = json.is_object() ? "" : "/";
      LoggedTrial& one = log.trials.emplace_back();
      if (wrong.empty()) {
        ObjectReader reader(json, "", wrong);
        reader.field("took_ns", one.took);
        reader.object("trial", [&](auto& inner) { trial_fields(inner, one.trial, hosts); });
        reader.require(one.took >= 0, "/took_ns");
      }
      if (!wrong.empty()) return no_log(fmt::format("line {} is damaged at {}", number, wrong));
    }
    log.whole_bytes = end + 1;
  }
  if (log.whole_bytes == 0) return no_log("its first line is missing");
  return log;
}

}  // namespace wireproof
