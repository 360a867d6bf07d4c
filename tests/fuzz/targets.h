// The fuzz targets of this build. Meson writes the list (tests/fuzz/meson.build).
#pragma once

#include <string>
#include <vector>

#include "fuzz/fuzz.h"

namespace wireproof::fuzz {

struct Target {
  std::string name;
  std::string corpus;  // folder
  void (*run)(Bytes bytes);
};

[[nodiscard]] std::vector<Target> targets();

}  // namespace wireproof::fuzz
