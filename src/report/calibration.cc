#include "report/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/units.h"
#include "report/json_parts.h"

namespace wireproof {

namespace {

using Key = CalibrationKey;
template <typename T>
using Member = std::pair<const char*, T Key::*>;

// One table, from which the file's keys, its reader and its writer come.
constexpr std::array kWords = {
    Member<std::string>{"host", &Key::host},
    Member<std::string>{"kernel", &Key::kernel},
    Member<std::string>{"cpu", &Key::cpu},
    Member<std::string>{"version", &Key::version},
    Member<std::string>{"tx_backend", &Key::tx_backend},
    Member<std::string>{"tx_driver", &Key::tx_driver},
    Member<std::string>{"tx_mode", &Key::tx_mode},
    Member<std::string>{"rx_backend", &Key::rx_backend},
    Member<std::string>{"rx_driver", &Key::rx_driver},
    Member<std::string>{"rx_mode", &Key::rx_mode},
    Member<std::string>{"metric", &Key::metric},
    Member<std::string>{"tx_stamp", &Key::tx_stamp},
    Member<std::string>{"rx_stamp", &Key::rx_stamp},
    Member<std::string>{"pacing", &Key::pacing},
    Member<std::string>{"schedule", &Key::schedule},
    Member<std::string>{"idle", &Key::idle},
    Member<std::string>{"size", &Key::size},
};
constexpr std::array kNumbers = {
    Member<std::uint64_t>{"queues", &Key::queues},
    Member<std::uint64_t>{"tx_cores", &Key::tx_cores},
    Member<std::uint64_t>{"rx_cores", &Key::rx_cores},
};
constexpr std::array kFlags = {
    Member<bool>{"cores_shared", &Key::cores_shared},
    Member<bool>{"bidirectional", &Key::bidirectional},
};

using OptionalNs = std::optional<Nanoseconds>;
constexpr std::array<std::pair<const char*, OptionalNs Distribution::*>, 6> kPercentiles = {
    {{"p50_ns", &Distribution::p50},
     {"p90_ns", &Distribution::p90},
     {"p99_ns", &Distribution::p99},
     {"p99_9_ns", &Distribution::p99_9},
     {"p99_99_ns", &Distribution::p99_99},
     {"p99_999_ns", &Distribution::p99_999}}};

Json floor_json(const CalibrationFloor& floor) {
  const Distribution& delay = floor.delay;
  Json json = {{"load_fps", floor.load_fps},
               {"duration_s", seconds(floor.duration)},
               {"samples", delay.samples},
               {"min_ns", delay.min},
               {"mean_ns", std::llround(delay.mean)},
               {"stdev_ns", std::llround(delay.stdev)}};
  for (const auto& [name, member] : kPercentiles)
    if (delay.*member) json[name] = *(delay.*member);
  json["max_ns"] = delay.max;
  json["tx_span_max_ns"] = floor.tx_span_max;
  return json;
}

Json ceiling_json(const CalibrationCeiling& ceiling) {
  return {{"lossless_fps", ceiling.lossless_fps},
          {"precision", ceiling.precision},
          {"trial_duration_s", seconds(ceiling.trial_duration)},
          {"tester_limited", ceiling.tester_limited},
          {"regular", ceiling.regular}};
}

// Takes values out of one JSON object and keeps the name of the first that is missing or of another
// type.
class Reader {
 public:
  Reader(const Json& json, std::string& wrong) : json_(json), wrong_(wrong) {
    if (!json.is_object()) refuse("an entry");
  }
  void take(const char* key, std::string& into) {
    if (const Json* value = find(key, &Json::is_string)) into = value->get<std::string>();
  }
  void take(const char* key, bool& into) {
    if (const Json* value = find(key, &Json::is_boolean)) into = value->get<bool>();
  }
  void take(const char* key, std::uint64_t& into) {
    if (const Json* value = find(key, &Json::is_number_unsigned))
      into = value->get<std::uint64_t>();
  }
  // None is negative, and none wraps.
  void take(const char* key, Nanoseconds& into) {
    std::uint64_t value = 0;
    take(key, value);
    if (value > static_cast<std::uint64_t>(std::numeric_limits<Nanoseconds>::max())) refuse(key);
    into = static_cast<Nanoseconds>(value);
  }
  // Finite, not negative.
  void take(const char* key, double& into) {
    const Json* value = find(key, &Json::is_number);
    if (value == nullptr) return;
    into = value->get<double>();
    if (!(into >= 0 && std::isfinite(into))) refuse(key);
  }
  // Written as a whole number of nanoseconds.
  void take_nanoseconds(const char* key, double& into) {
    take(key, into);
    if (!(into < static_cast<double>(std::numeric_limits<Nanoseconds>::max()))) refuse(key);
  }
  void take_seconds(const char* key, Nanoseconds& into) {
    constexpr double kLongest = 1e6;
    double value = 0;
    take(key, value);
    if (!(value <= kLongest)) return refuse(key);
    into = std::llround(value * static_cast<double>(kSecond));
  }
  [[nodiscard]] bool has(const char* key) const { return json_.is_object() && json_.contains(key); }

 private:
  using Is = bool (Json::*)() const noexcept;
  const Json* find(const char* key, Is is) {
    if (has(key) && (json_[key].*is)()) return &json_[key];
    refuse(key);
    return nullptr;
  }
  void refuse(const char* what) {
    if (wrong_.empty()) wrong_ = what;
  }

  const Json& json_;
  std::string& wrong_;
};

CalibrationKey read_key(const Json& json, std::string& wrong) {
  CalibrationKey key;
  Reader reader(json, wrong);
  for (const auto& [name, member] : kWords) reader.take(name, key.*member);
  for (const auto& [name, member] : kNumbers) reader.take(name, key.*member);
  for (const auto& [name, member] : kFlags) reader.take(name, key.*member);
  return key;
}

CalibrationFloor read_floor(const Json& json, std::string& wrong) {
  CalibrationFloor floor;
  Reader reader(json, wrong);
  reader.take("load_fps", floor.load_fps);
  reader.take_seconds("duration_s", floor.duration);
  reader.take("samples", floor.delay.samples);
  reader.take("min_ns", floor.delay.min);
  reader.take_nanoseconds("mean_ns", floor.delay.mean);
  reader.take_nanoseconds("stdev_ns", floor.delay.stdev);
  reader.take("max_ns", floor.delay.max);
  reader.take("tx_span_max_ns", floor.tx_span_max);
  for (const auto& [name, member] : kPercentiles)
    if (reader.has(name)) reader.take(name, (floor.delay.*member).emplace());
  return floor;
}

CalibrationCeiling read_ceiling(const Json& json, std::string& wrong) {
  CalibrationCeiling ceiling;
  Reader reader(json, wrong);
  reader.take("lossless_fps", ceiling.lossless_fps);
  reader.take("precision", ceiling.precision);
  reader.take_seconds("trial_duration_s", ceiling.trial_duration);
  reader.take("tester_limited", ceiling.tester_limited);
  reader.take("regular", ceiling.regular);
  return ceiling;
}

CalibrationEntry read_entry(const Json& json, std::string& wrong) {
  CalibrationEntry entry;
  Reader reader(json, wrong);
  reader.take("calibrated_at", entry.calibrated_at);
  if (reader.has("key"))
    entry.key = read_key(json["key"], wrong);
  else if (wrong.empty())
    wrong = "key";
  if (reader.has("floor")) entry.floor = read_floor(json["floor"], wrong);
  if (reader.has("ceiling")) entry.ceiling = read_ceiling(json["ceiling"], wrong);
  return entry;
}

tl::unexpected<Error> unreadable(std::string why) {
  return fail(ErrorKind::kPrecondition, std::move(why), "run wireproof calibrate again");
}

// Nothing of ours is deeper; what is would cost the parser its stack.
constexpr int kDeepest = 8;

Json parse_shallow(std::string_view text) {
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t /*event*/, Json& /*parsed*/) {
    deep |= depth > kDeepest;
    return !deep;
  };
  Json json = Json::parse(text, watch, false);
  return deep ? Json(Json::value_t::discarded) : json;
}

}  // namespace

const CalibrationEntry* find_calibration(std::span<const CalibrationEntry> known,
                                         const CalibrationKey& key) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const CalibrationEntry& entry) { return entry.key == key; });
  return found == known.end() ? nullptr : &*found;
}

BareCable beside(const CalibrationEntry& entry) {
  BareCable cable{.calibrated_at = entry.calibrated_at};
  if (entry.floor) {
    cable.floor_p50 = entry.floor->delay.p50;
    cable.floor_p99_9 = entry.floor->delay.p99_9;
  }
  if (entry.ceiling) cable.ceiling_fps = entry.ceiling->lossless_fps;
  return cable;
}

void keep_calibration(Calibrations& known, CalibrationEntry entry) {
  std::erase_if(known, [&](const CalibrationEntry& old) { return old.key == entry.key; });
  known.push_back(std::move(entry));
  if (known.size() > kCalibrationsKept) known.erase(known.begin());
}

Json calibration_json(const CalibrationEntry& entry) {
  Json key = Json::object();
  for (const auto& [name, member] : kWords) key[name] = entry.key.*member;
  for (const auto& [name, member] : kNumbers) key[name] = entry.key.*member;
  for (const auto& [name, member] : kFlags) key[name] = entry.key.*member;
  Json json = {{"calibrated_at", entry.calibrated_at}, {"key", std::move(key)}};
  if (entry.floor) json["floor"] = floor_json(*entry.floor);
  if (entry.ceiling) json["ceiling"] = ceiling_json(*entry.ceiling);
  return json;
}

std::string calibrations_to_json(std::span<const CalibrationEntry> known) {
  Json json = {{"schema", kCalibrationSchema}, {"schema_version", kCalibrationSchemaVersion}};
  json["entries"] = Json::array();
  for (const CalibrationEntry& entry : known) json["entries"].push_back(calibration_json(entry));
  return dump(json, 1);
}

Result<Calibrations> parse_calibrations(std::string_view text) {
  const Json json = parse_shallow(text);
  if (!json.is_object()) return unreadable("it is not a JSON object");
  std::string wrong, schema, version;
  Reader reader(json, wrong);
  reader.take("schema", schema);
  reader.take("schema_version", version);
  if (!wrong.empty() || schema != kCalibrationSchema)
    return unreadable("it is not a calibration of wireproof");
  if (version != kCalibrationSchemaVersion)
    return unreadable("it is of schema version " + printable(version) + ", not " +
                      kCalibrationSchemaVersion);
  if (!json.contains("entries") || !json["entries"].is_array())
    return unreadable("'entries' is missing");
  Calibrations known;
  for (const Json& one : json["entries"]) {
    known.push_back(read_entry(one, wrong));
    if (!wrong.empty())
      return unreadable(
          fmt::format("entry {}: '{}' is missing or of the wrong type", known.size(), wrong));
  }
  return known;
}

}  // namespace wireproof
