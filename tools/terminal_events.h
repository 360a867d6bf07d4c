// What a job tells while it runs, where the user of the program sees it: standard error for people,
// standard output for --json-stream.
#pragma once

#include "job/events.h"
#include "settings/settings.h"

namespace wireproof {

class TerminalEvents final : public JobEvents {
 public:
  explicit TerminalEvents(const OutputSettings& output);
  // Takes the line of the progress away.
  ~TerminalEvents() override { clear(); }
  TerminalEvents(const TerminalEvents&) = delete;
  TerminalEvents& operator=(const TerminalEvents&) = delete;

  void interval(std::uint64_t trial, const DirectionResult& so_far) override;
  void trial(const TrialResult& trial, const Hosts& hosts) override;
  void progress(const std::string& line) override;
  void suite(const SuiteProgress& progress) override;
  void warning(const std::string& sentence) override;
  void ready(const std::string& line) override;

 private:
  void clear();

  bool live_;  // standard error is a terminal, and the user wants to hear
  bool quiet_;
  bool stream_;
  bool shown_ = false;  // a line of progress is on the terminal
};

}  // namespace wireproof
