// The file of calibrations: what is taken lies within the schema's bounds, is written and read back
// as the same, and what is written for the second time is what was written for the first.
#include "report/calibration.h"
#include "fuzz/fuzz.h"

namespace wireproof::fuzz {
namespace {

void check_floor(const CalibrationFloor& floor) {
  require(floor.load_fps >= 0 && floor.duration >= 0, "a floor's load");
  const Distribution& delay = floor.delay;
  for (const Nanoseconds one : {delay.min, delay.max, floor.tx_span_max}) {
    require(one >= 0, "a negative delay");
  }
  for (const auto& percentile :
       {delay.p50, delay.p90, delay.p99, delay.p99_9, delay.p99_99, delay.p99_999}) {
    require(!percentile || *percentile >= 0, "a negative percentile");
  }
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(calibration) {
  const auto known = parse_calibrations(text_of(bytes));
  if (!known) return require_refusal(known.error(), ErrorKind::kPrecondition);
  Calibrations kept;
  for (const CalibrationEntry& entry : *known) {
    if (entry.floor) check_floor(*entry.floor);
    if (entry.ceiling) {
      require(entry.ceiling->lossless_fps >= 0 && entry.ceiling->trial_duration >= 0, "a ceiling");
    }
    keep_calibration(kept, entry);
    const CalibrationEntry* found = find_calibration(kept, entry.key);
    require(found == &kept.back(), "what is kept is not found");
    (void)beside(entry);
  }
  require(kept.size() <= kCalibrationsKept, "more is kept than is promised");
  const std::string written = calibrations_to_json(*known);
  const auto again = parse_calibrations(written);
  require(again.has_value(), "what is written is not read");
  require(again->size() == known->size(), "entries are lost");
  for (std::size_t i = 0; i < known->size(); ++i) {
    require((*again)[i].floor.has_value() == (*known)[i].floor.has_value(), "a floor is lost");
    require((*again)[i].ceiling.has_value() == (*known)[i].ceiling.has_value(),
            "a ceiling is lost");
  }
  require(calibrations_to_json(*again) == written, "what is written changes when it is read");
}
