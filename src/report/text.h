// The result for people: plain text, 80 columns, no colour, units in the headers.
#pragma once

#include <string>

#include "report/document.h"

namespace wireproof {

[[nodiscard]] std::string to_text(const RunReport& report);

}  // namespace wireproof
