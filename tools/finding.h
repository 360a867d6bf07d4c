// How the parts of the doctor say what they found.
#pragma once

#include <string>
#include <utility>

#include "report/host_report.h"

namespace wireproof {

[[nodiscard]] inline HostFinding good(std::string subject, std::string text) {
  return {Bearing::kGood, std::move(subject), std::move(text), ""};
}

[[nodiscard]] inline HostFinding limits(std::string subject, std::string text, std::string cure) {
  return {Bearing::kLimits, std::move(subject), std::move(text), std::move(cure)};
}

}  // namespace wireproof
