#include "tools/terminal_events.h"

#include <fmt/format.h>
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
  say(kClearLine + line);
  shown_ = true;
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
