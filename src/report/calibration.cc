#include "report/calibration.h"

#include <algorithm>

#include "base/units.h"
#include "report/calibration_fields.h"

namespace wireproof {

namespace {

tl::unexpected<Error> unreadable(std::string why) {
  return fail(ErrorKind::kPrecondition, std::move(why), "run wireproof calibrate again");
}

// Nothing of ours is deeper.
constexpr int kCalibrationDepth = 8;

}  // namespace

const CalibrationEntry* find_calibration(std::span<const CalibrationEntry> known,
                                         const CalibrationKey& key) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const CalibrationEntry& entry) { return entry.key == key; });
  return found == known.end() ? nullptr : &*found;
}

Baseline beside(const CalibrationEntry& entry) {
  Baseline baseline{.calibrated_at = entry.calibrated_at};
  if (entry.floor) {
    baseline.floor_p50 = entry.floor->delay.p50;
    baseline.floor_p99_9 = entry.floor->delay.p99_9;
  }
  if (entry.ceiling) baseline.ceiling_fps = entry.ceiling->lossless_fps;
  return baseline;
}

void keep_calibration(Calibrations& known, CalibrationEntry entry) {
  std::erase_if(known, [&](const CalibrationEntry& old) { return old.key == entry.key; });
  known.push_back(std::move(entry));
  if (known.size() > kCalibrationsKept) known.erase(known.begin());
}

std::string calibrations_to_json(std::span<const CalibrationEntry> known) {
  Json json = Json::object();
  ObjectWriter writer(json);
  writer.derived("schema", kCalibrationSchema);
  writer.derived("schema_version", kCalibrationSchemaVersion);
  writer.list("entries", Calibrations(known.begin(), known.end()), kCalibrationFields);
  return dump(json, 1);
}

Result<Calibrations> parse_calibrations(std::string_view text) {
  const Json json = parse_bounded(text, kCalibrationDepth);
  if (!json.is_object()) return unreadable("it is not a JSON object");
  const std::string version = text_at(json, "schema_version");
  if (version.empty() || text_at(json, "schema") != kCalibrationSchema)
    return unreadable("it is not a calibration of wireproof");
  if (version != kCalibrationSchemaVersion)
    return unreadable("it is of schema version " + printable(version) + ", not " +
                      kCalibrationSchemaVersion);
  Calibrations known;
  std::string wrong;
  ObjectReader reader(json, "", wrong);
  reader.list("entries", known, kCalibrationFields);
  if (wrong.empty()) return known;
  return unreadable(wrong + " is missing or of the wrong type");
}

}  // namespace wireproof
