#include "tools/terminal_events.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/json.h"
#include "report/text.h"
#include "report/write_file.h"
#include "tools/standard_streams.h"

namespace wireproof {
namespace {

constexpr const char* kClearLine = "\r\x1b[K";

// A reader that has gone is found out by the result, which is the one that counts.
void stream(const std::string& event) {
  static_cast<void>(write_all(STDOUT_FILENO, event, "standard output"));
}

// A line that is longer could not be taken away again.
std::size_t terminal_columns() {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col : kUsual;
}

}  // namespace

TerminalEvents::TerminalEvents(const OutputSettings& output)
    : live_(!output.quiet && isatty(STDERR_FILENO) != 0),
      quiet_(output.quiet),
      stream_(output.json_stream) {}

void TerminalEvents::interval(std::uint64_t trial, const DirectionResult& so_far) {
  if (stream_) stream(interval_event(trial, so_far));
  progress(live_text(so_far));
}

void TerminalEvents::trial(const TrialResult& trial, const Hosts& hosts) {
  if (stream_) stream(trial_event(trial, hosts));
}

void TerminalEvents::progress(const std::string& line) {
  if (!live_) return;
  say(kClearLine + line.substr(0, terminal_columns() - 1));
  shown_ = true;
}

void TerminalEvents::suite(const SuiteProgress& made) {
  if (stream_) stream(progress_event(made));
  progress(progress_text(made));
}

void TerminalEvents::warning(const std::string& sentence) {
  if (quiet_) return;
  clear();
  say(fmt::format("wireproof: {}\n", sentence));
}

void TerminalEvents::ready(const std::string& line) {
  say(line + "\n");
}

void TerminalEvents::clear() {
  if (shown_) say(kClearLine);
  shown_ = false;
}

}  // namespace wireproof
