// What the sample reports are made of: hosts, ports, directions and trials with every figure
// filled.
#pragma once

#include <cstdint>
#include <string>

#include "report/document.h"

namespace wireproof::samples {

[[nodiscard]] RunReport empty_report(ReportKind kind);
void add_nics(RunReport& report);
[[nodiscard]] SentHeaders sent_headers(bool sockets);
[[nodiscard]] DirectionResult direction(std::string from, std::string to);
[[nodiscard]] TrialResult trial(std::uint64_t id, double fps, Verdict verdict, std::string reason);

}  // namespace wireproof::samples
