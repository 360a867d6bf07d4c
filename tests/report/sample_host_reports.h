// What `wireproof doctor` and `backends` may have to say, for the tests of JSON, text and schema.
#pragma once

#include <vector>

#include "report/host_report.h"

namespace wireproof {

[[nodiscard]] HostReport sample_host_report();
[[nodiscard]] HostReport sample_host_report_with_plan(const std::vector<double>& line_rates_bps);
[[nodiscard]] HostReport failed_host_report();

// All of them.
[[nodiscard]] std::vector<HostReport> sample_host_reports();

}  // namespace wireproof
