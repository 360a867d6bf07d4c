// The table of settings as others read it: the manual's tables, the manual page, the completion of
// three shells.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace wireproof {

// `kind`: "man" (scdoc(5)), "bash", "zsh", "fish", "conditions" (the flags under which a
// calibration holds), or a group of settings, whose table is Markdown. Fails with kUsage for
// another.
[[nodiscard]] Result<std::string> settings_text(std::string_view kind);

}  // namespace wireproof
