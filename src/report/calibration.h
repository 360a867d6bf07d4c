// What `wireproof calibrate` found of the tester alone, its ports back to back, and the file that
// keeps it: $XDG_STATE_HOME/wireproof/calibration.json (XDG Base Directory Specification 0.8). Its
// schema is docs/schema/calibration-1.0.schema.json.
//
// Later results print it beside what they measured and never subtract it: a floor is a distribution
// of another moment, and the difference of two percentiles is no percentile of anything.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_value.h"
#include "base/result.h"
#include "trial/trial.h"

namespace wireproof {

inline constexpr const char* kCalibrationSchema = "wireproof/calibration";
inline constexpr const char* kCalibrationSchemaVersion = "1.0";

// Under which conditions it was found. A result is put beside a calibration only where all of them
// are the same: a floor of another size, mode or number of cores says nothing.
struct CalibrationKey {
  std::string host;  // name, kernel, CPU model and version of the program
  std::string kernel;
  std::string cpu;
  std::string version;
  std::string tx_backend, tx_driver, tx_mode;  // as in NicFacts
  std::string rx_backend, rx_driver, rx_mode;
  std::string metric;    // DelaySummary::metric; "" where no delay was recorded
  std::string tx_stamp;  // DelaySummary::tx_stamp
  std::string rx_stamp;  // DelaySummary::rx_stamp; without one NicFacts::rx_stamp of the receiver
  std::string idle;      // as it was used: "spin", "sleep"
  std::string size;      // "64", "imix": as the user names it; bytes with FCS
  std::uint64_t tx_cores = 1;  // different ones
  std::uint64_t rx_cores = 1;
  bool cores_shared = false;  // some core both sends and receives, or has several loops
  Config settings;  // calibration_conditions(): texts, counts and switches, in the table's order

  bool operator==(const CalibrationKey&) const = default;
};

struct CalibrationFloor {  // delay at a gentle rate
  double load_fps = 0;
  Nanoseconds duration = 0;
  Distribution delay;
  Nanoseconds tx_span_max = 0;  // DelaySummary::tx_span_max
};

struct CalibrationCeiling {  // the highest lossless load, by a search
  double lossless_fps = 0;
  double precision = 0;  // relative width asked for
  Nanoseconds trial_duration = 0;
  // The search ended at what the tester could offer, not at a load that lost frames.
  bool tester_limited = false;
  bool regular = false;  // both bounds stand on trials, within the precision
};

struct CalibrationEntry {
  CalibrationKey key;
  std::string calibrated_at;  // RFC 3339, UTC
  std::optional<CalibrationFloor> floor;
  std::optional<CalibrationCeiling> ceiling;
};

using Calibrations = std::vector<CalibrationEntry>;  // oldest first, one a key

// nullptr: never calibrated under these conditions.
[[nodiscard]] const CalibrationEntry* find_calibration(std::span<const CalibrationEntry> known,
                                                       const CalibrationKey& key);

// Of an entry, what a result of the same conditions shows.
[[nodiscard]] Baseline beside(const CalibrationEntry& entry);

// In the place of the entry of the same key, at the end; of more than kCalibrationsKept the oldest
// are forgotten.
inline constexpr std::size_t kCalibrationsKept = 1000;
void keep_calibration(Calibrations& known, CalibrationEntry entry);

// The file's text and back. Fails (kPrecondition) on what is not a whole document of this version,
// saying why.
[[nodiscard]] std::string calibrations_to_json(std::span<const CalibrationEntry> known);
[[nodiscard]] Result<Calibrations> parse_calibrations(std::string_view text);

// Of the two variables' values, null where not set: a relative XDG_STATE_HOME is ignored, as the
// specification says. Empty when neither names a folder.
[[nodiscard]] std::string calibration_path(const char* xdg_state_home, const char* home);

// The file's entries; none where there is no file. Fails (kPrecondition) on a file that cannot be
// read, is longer than 16 MiB, or that parse_calibrations refuses.
[[nodiscard]] Result<Calibrations> load_calibrations(const std::string& path);

// Puts the entries into the file, which is replaced whole or not at all (write_result); folders
// that are missing are made for this user alone (0700). Two that store at once both succeed. A file
// that load_calibrations refuses is kept under the name PATH.unreadable; the answer is then a
// sentence that says so, else it is empty. Fails with kOutput.
[[nodiscard]] Result<std::string> store_calibrations(const std::string& path,
                                                     std::span<const CalibrationEntry> entries);

// Whether it could be stored, before an hour of measuring; makes the folders. Fails with kOutput.
[[nodiscard]] Status check_calibration_storable(const std::string& path);

}  // namespace wireproof
