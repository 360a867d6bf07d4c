// The trials of a run, one line of JSON each as they end, so that a run that was stopped can go on.
// The first line says what was asked for:
//   {"schema":"wireproof/trial-log","schema_version":"1.0","verb":"search","host":"lab1","line_rate_bps":0,"settings":{}}
//   {"took_ns":n,"trial":{...}}    as in a result
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_value.h"
#include "base/result.h"
#include "report/document.h"

namespace wireproof {

struct TrialLogHead {
  std::string verb;
  std::string host;
  Config settings;  // as of RunReport
  double line_rate_bps = 0;
};

struct LoggedTrial {
  Nanoseconds took = 0;  // by the run's clock, with what came before its traffic
  TrialResult trial;
};

// Each a line with its newline. `hosts`: of the report.
[[nodiscard]] std::string trial_log_line(const TrialLogHead& head);
[[nodiscard]] std::string trial_log_line(const LoggedTrial& trial, const Hosts& hosts);

struct TrialLogText {
  std::vector<LoggedTrial> trials;
  std::size_t whole_bytes =
      0;  // of whole lines: what stands behind was cut off while it was written
};

// Of text from anywhere. `head`: what this run would write. Fails with kPrecondition: the log is of
// another run, or damaged, with the line.
[[nodiscard]] Result<TrialLogText> read_trial_log(std::string_view text, const TrialLogHead& head,
                                                  const Hosts& hosts);

}  // namespace wireproof
