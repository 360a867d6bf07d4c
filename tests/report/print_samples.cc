// Prints the sample reports, one JSON document a line (or, with "text", as people see them): the
// schema test feeds them to a validator that knows nothing of this program.
#include <cstdio>
#include <string_view>

#include "report/json.h"
#include "report/sample_reports.h"
#include "report/text.h"

int main(int argc, char** argv) {
  const bool text = argc > 1 && std::string_view(argv[1]) == "text";
  for (const auto& [name, report] : wireproof::sample_reports()) {
    const std::string out = text ? wireproof::to_text(report) : wireproof::result_event(report);
    if (text) std::printf("=== %s\n", name.c_str());
    std::fputs(out.c_str(), stdout);
  }
  return std::ferror(stdout) != 0 ? 1 : 0;
}
