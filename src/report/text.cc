#include "report/text.h"

#include <fmt/format.h>

#include "report/text_parts.h"

namespace wireproof {

std::string to_text(const RunReport& report, bool verbose) {
  std::string out;
  if (report.error) {
    out += wrapped("error: " + report.error->message, 7);
    if (!report.error->hint.empty()) out += wrapped("cure: " + report.error->hint, 6);
    out += "\n";
  }
  if (report.status == RunStatus::kAborted)
    out += "stopped early: the result covers the time until then\n\n";
  if (report.kind == ReportKind::kTrial) {
    for (const TrialResult& trial : report.trials) out += trial_text(trial, report.hosts);
    out += criteria_text(report);
  } else if (report.kind == ReportKind::kSearch)
    out += searches_text(report) + (verbose ? search_trials_text(report) : "");
  else if (report.kind == ReportKind::kRfc2544)
    out += suite_text(report) + (verbose ? search_trials_text(report) : "");
  else if (report.kind == ReportKind::kCalibration)
    out += calibrations_text(report);
  else if (report.dut)
    out += dut_text(*report.dut);
  return out + (verbose ? counters_text(report.hosts) : "") + footer_text(report);
}

}  // namespace wireproof
