// What a calibration found, for a document and for the file that keeps it. Private to src/report.
#pragma once

#include <set>
#include <string_view>

#include "base/units.h"
#include "report/config_fields.h"
#include "report/timing_fields.h"

namespace wireproof {

// What no setting tells; the settings stand beside these, each by its own key.
void members(auto&& take, Is<CalibrationKey> auto& key) {
  take("host", key.host);
  take("kernel", key.kernel);
  take("cpu", key.cpu);
  take("version", key.version);
  take("tx_backend", key.tx_backend);
  take("tx_driver", key.tx_driver);
  take("tx_mode", key.tx_mode);
  take("rx_backend", key.rx_backend);
  take("rx_driver", key.rx_driver);
  take("rx_mode", key.rx_mode);
  take("metric", key.metric);
  take("tx_stamp", key.tx_stamp);
  take("rx_stamp", key.rx_stamp);
  take("idle", key.idle);
  take("size", key.size);
  take("tx_cores", key.tx_cores);
  take("rx_cores", key.rx_cores);
  take("cores_shared", key.cores_shared);
}

// What stands beside the members is a text, a count or a switch.
inline void read_conditions(ObjectReader& reader, const Json& json, Config& settings) {
  std::set<std::string_view> others;
  const CalibrationKey any;
  members([&others](const char* key, const auto&) { others.insert(key); }, any);
  for (const auto& [key, value] : json.items()) {
    if (others.contains(key)) continue;
    if (key != printable(key)) return reader.refuse(reader.at("?"));
    if (value.is_boolean() || value.is_number_unsigned()) {
      settings.push_back({key, *config_value_of(value)});
      continue;
    }
    std::string text;
    reader.field(key.c_str(), text);
    settings.push_back({key, std::move(text)});
  }
}

template <typename Fields>
void key_field(Fields& f, Is<CalibrationKey> auto& key) {
  f.object("key", [&](auto& inner) {
    members(inner, key);
    if constexpr (Fields::kReads) {
      read_conditions(inner, *f.find("key"), key.settings);
    } else {
      for (const auto& [name, value] : key.settings) inner.json()[name] = config_value_json(value);
    }
  });
}

// None of them is ever below zero.
template <typename Fields>
void require_sound(Fields& f, const CalibrationFloor& floor) {
  const Distribution& of = floor.delay;
  const auto require = [&f](const char* key, double value) { f.require(value >= 0, f.at(key)); };
  const auto whole = [](Nanoseconds value) { return static_cast<double>(value); };
  require("load_fps", floor.load_fps);
  require("duration_s", whole(floor.duration));
  require("tx_span_max_ns", whole(floor.tx_span_max));
  require("min_ns", whole(of.min));
  require("mean_ns", of.mean);
  require("stdev_ns", of.stdev);
  require("max_ns", whole(of.max));
  for (const auto& value : {of.p50, of.p90, of.p99, of.p99_9, of.p99_99, of.p99_999}) {
    require("p50_ns", whole(value.value_or(0)));
  }
}

template <typename Fields>
void floor_of_calibration_fields(Fields& f, Is<CalibrationFloor> auto& floor) {
  f.field("load_fps", floor.load_fps);
  f.seconds("duration_s", floor.duration);
  distribution_fields(f, floor.delay);
  f.field("tx_span_max_ns", floor.tx_span_max);
  if constexpr (Fields::kReads) require_sound(f, floor);
}

template <typename Fields>
void ceiling_of_calibration_fields(Fields& f, Is<CalibrationCeiling> auto& ceiling) {
  f.field("lossless_fps", ceiling.lossless_fps);
  f.field("precision", ceiling.precision);
  f.seconds("trial_duration_s", ceiling.trial_duration);
  f.field("tester_limited", ceiling.tester_limited);
  f.field("regular", ceiling.regular);
  if constexpr (Fields::kReads) {
    f.require(ceiling.lossless_fps >= 0 && ceiling.precision >= 0 && ceiling.trial_duration >= 0,
              f.at("lossless_fps"));
  }
}

void calibration_fields(auto& f, Is<CalibrationEntry> auto& entry) {
  f.field("calibrated_at", entry.calibrated_at);
  key_field(f, entry.key);
  f.maybe("floor", entry.floor,
          [](auto& inner, auto& floor) { floor_of_calibration_fields(inner, floor); });
  f.maybe("ceiling", entry.ceiling,
          [](auto& inner, auto& ceiling) { ceiling_of_calibration_fields(inner, ceiling); });
}

inline constexpr auto kCalibrationFields = [](auto& f, auto& entry) {
  calibration_fields(f, entry);
};

}  // namespace wireproof
