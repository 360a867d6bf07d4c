// The headers of a test as far as they are known before a port is opened.
#pragma once

#include <string>

#include "base/result.h"
#include "report/document.h"
#include "settings/settings.h"

namespace wireproof {

// MAC addresses that are the ports' own are absent, and what the kernel chooses.
[[nodiscard]] Result<SentHeaders> planned_headers(const TestSettings& test, bool reverse);

// For the configuration of a document: "forward", and "reverse" where there is one.
[[nodiscard]] Config describe_headers(const TestSettings& test);
// For --dry-run: a line for each direction, each with a newline.
[[nodiscard]] std::string plan_headers_text(const TestSettings& test);

}  // namespace wireproof
