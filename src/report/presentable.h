// Words that came from outside, made fit for a terminal and a document.
#pragma once

#include "base/result.h"

namespace wireproof {

// Errors quote what users type and what files hold, and nothing of it may steer a terminal, break
// the line or go on for pages.
[[nodiscard]] Error presentable(const Error& error);

}  // namespace wireproof
