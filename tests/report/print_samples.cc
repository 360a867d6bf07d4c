// Prints the sample reports, one JSON document a line (or, with "text", as people see them; or,
// with "doctor", those of the doctor as one JSON array, or, with "backends", a list of backends,
// or, with "calibration", a calibration file): the schema test feeds them to a validator that knows
// nothing of this program. With "reread" it prints the document on its standard input once more, as
// it was read.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "report/json.h"
#include "report/sample_host_reports.h"
#include "report/sample_reports.h"
#include "report/text.h"

namespace wireproof {
namespace {

void print_doctor_samples() {
  const char* between = "[";
  for (const HostReport& report : sample_host_reports()) {
    std::fputs(between, stdout);
    std::fputs(doctor_to_json(report).c_str(), stdout);
    between = ",";
  }
  std::fputs("]\n", stdout);
}

void print_samples(bool text) {
  for (const auto& [name, report] : sample_reports()) {
    const std::string out = text ? to_text(report) : result_event(report);
    if (text) std::printf("=== %s\n", name.c_str());
    std::fputs(out.c_str(), stdout);
  }
}

int print_reread() {
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  const auto read = read_result(text);
  const std::string out = read ? to_json(*read) : read.error().message + "\n";
  std::fputs(out.c_str(), read ? stdout : stderr);
  return read ? 0 : 1;
}

}  // namespace
}  // namespace wireproof

int main(int argc, char** argv) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (word == "doctor") {
    wireproof::print_doctor_samples();
  } else if (word == "backends") {
    std::fputs(wireproof::backends_to_json(wireproof::sample_host_report()).c_str(), stdout);
  } else if (word == "calibration") {
    const auto report = wireproof::calibration_report();
    std::fputs(wireproof::calibrations_to_json(report.calibrations).c_str(), stdout);
  } else if (word == "reread") {
    return wireproof::print_reread();
  } else {
    wireproof::print_samples(word == "text");
  }
  return std::ferror(stdout) != 0 ? 1 : 0;
}
