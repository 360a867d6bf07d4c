// What build this is; written by Meson (version.cc.in).
#pragma once

#include <string>

namespace wireproof {

[[nodiscard]] std::string version();       // "0.1.0"
[[nodiscard]] std::string git_revision();  // "e8af2d8", empty when built from an archive
[[nodiscard]] std::string version_line();  // "wireproof 0.1.0 (e8af2d8)"

}  // namespace wireproof
