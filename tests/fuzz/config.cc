// The configuration file (--config FILE, TOML): whatever it holds, the command line is read, and
// what it means is found, or a sentence says why not.
#include <sys/mman.h>
#include <unistd.h>

#include <array>

#include "fuzz/fuzz.h"
#include "tools/command_line.h"

namespace wireproof::fuzz {
namespace {

// A file in memory, by a name that the program can open.
const std::string& file_of(Bytes bytes) {
  static const int file = memfd_create("config", MFD_CLOEXEC);
  static const std::string path = fmt::format("/proc/self/fd/{}", file);
  require(ftruncate(file, 0) == 0, "a file in memory");
  require(pwrite(file, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
          "a file in memory, written");
  return path;
}

void check_trial(const std::string& path) {
  const std::array words{"wireproof",  "trial",  "--tx",  "loopback:a", "--rx",
                         "loopback:b", "--rate", "1kpps", "--config",   path.c_str()};
  const auto parsed = parse_command_line(static_cast<int>(words.size()), words.data());
  if (parsed.error) return require_refusal(*parsed.error, ErrorKind::kUsage);
  if (parsed.early) return;
  const Settings& settings = parsed.settings;
  require(settings.test.tx == "loopback:a", "the command line has the last word");
  require(settings.trial.duration > 0 && settings.trial.duration <= kLongestDuration, "a duration");
  require(settings.test.profile.flows >= 1 && settings.test.profile.flows <= kFlowsMax, "flows");
  require(!settings.test.sizes.empty(), "no frame size");
}

void check_dut(const std::string& path) {
  const std::array words{"wireproof", "dut",         "--a",      "loopback:a",
                         "--b",       "loopback:b1", "--config", path.c_str()};
  const auto parsed = parse_command_line(static_cast<int>(words.size()), words.data());
  if (parsed.error) return require_refusal(*parsed.error, ErrorKind::kUsage);
  if (parsed.early) return;
  require(parsed.settings.dut.a == "loopback:a", "the command line has the last word");
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(config) {
  const std::string& path = file_of(bytes);
  const bool dut = text_of(bytes).find("dut") != std::string_view::npos;
  return dut ? check_dut(path) : check_trial(path);
}
