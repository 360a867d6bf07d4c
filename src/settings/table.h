// The rows of the table, by what they are about; all_settings() has them in this order.
#pragma once

#include <vector>

#include "settings/setting.h"

namespace wireproof {

using SettingRows = std::vector<Setting>;

// Rows with what few have.
[[nodiscard]] inline Setting needed(Verbs by, Setting row) {
  row.needed_by = by;
  return row;
}
[[nodiscard]] inline Setting with_letter(char letter, Setting row) {
  row.letter = letter;
  return row;
}

[[nodiscard]] inline Setting formerly(std::string_view old_name, Setting row) {
  row.old_name = old_name;
  return row;
}

[[nodiscard]] inline Setting of_calibration(Setting row) {
  row.of_calibration = true;
  return row;
}

// Of receive rings.
inline constexpr std::uint64_t kRingMin = 64;
inline constexpr std::uint64_t kRingMax = 1u << 20;

inline constexpr Verbs kTests{Verb::kTrial, Verb::kSearch, Verb::kRfc2544, Verb::kCalibrate};

[[nodiscard]] SettingRows port_settings();
[[nodiscard]] SettingRows trial_settings();
[[nodiscard]] SettingRows search_settings();
[[nodiscard]] SettingRows suite_settings();
[[nodiscard]] SettingRows calibrate_settings();
[[nodiscard]] SettingRows traffic_settings();
[[nodiscard]] SettingRows tester_settings();
[[nodiscard]] SettingRows dut_settings();
[[nodiscard]] SettingRows doctor_settings();
[[nodiscard]] SettingRows output_settings();

}  // namespace wireproof
