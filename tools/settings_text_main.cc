// Built for the build alone: writes one of the texts of settings_text.h to standard output, or a
// file in which it takes the place of @SETTINGS@.
//
//     settings_text KIND [FILE]

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tools/settings_text.h"

int main(int argc, char** argv) {
  const auto text = wireproof::settings_text(argc > 1 ? argv[1] : "");
  if (!text) {
    std::fprintf(stderr, "%s: %s\n", text.error().message.c_str(), text.error().hint.c_str());
    return 2;
  }
  std::string whole = "@SETTINGS@";
  if (argc > 2) {
    std::ifstream file(argv[2]);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::size_t place = whole.find("@SETTINGS@");
  if (place == whole.npos) {
    std::fprintf(stderr, "%s: no @SETTINGS@\n", argv[2]);
    return 3;
  }
  whole.replace(place, 10, *text);
  return std::fwrite(whole.data(), 1, whole.size(), stdout) == whole.size() ? 0 : 5;
}
