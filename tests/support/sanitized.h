// Whether this build has a sanitizer, which makes everything many times as slow.
#pragma once

#include <cstdlib>
#include <string_view>

namespace wireproof {

// By what tests/meson.build sets; a program that is started by hand has none.
inline bool sanitized() {
  const char* sanitizers = std::getenv("WIREPROOF_SANITIZERS");
  return sanitizers != nullptr && std::string_view(sanitizers) != "none";
}

}  // namespace wireproof
