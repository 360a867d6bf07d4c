// Logs of trials: what is taken is written and read back as the same lines, and a log that is cut
// off anywhere is the shorter one.
#include "report/trial_log.h"

#include "fuzz/fuzz.h"

namespace {

std::string log_text(const std::vector<wireproof::LoggedTrial>& trials,
                     const wireproof::TrialLogHead& head, const wireproof::Hosts& hosts) {
  std::string text = trial_log_line(head);
  for (const wireproof::LoggedTrial& trial : trials) text += trial_log_line(trial, hosts);
  return text;
}

}  // namespace

FUZZ_TARGET(trial_log) {
  const Hosts hosts(1);
  const TrialLogHead head{.verb = "search", .host = "lab1", .settings = {{"tx", "a"}}};
  const auto read = read_trial_log(text_of(bytes), head, hosts);
  if (!read) return require_refusal(read.error(), ErrorKind::kPrecondition);
  require(read->whole_bytes <= bytes.size(), "more was read than there is");
  const std::string text = log_text(read->trials, head, hosts);
  const auto again = read_trial_log(text, head, hosts);
  require(again.has_value(), "what is written is not read");
  require(log_text(again->trials, head, hosts) == text, "what is written changes when it is read");
  const auto cut = read_trial_log(text.substr(0, text.size() - 1), head, hosts);
  if (read->trials.empty()) return require(!cut.has_value(), "a log without its first line");
  require(cut.has_value() && cut->trials.size() + 1 == read->trials.size(),
          "a line that is cut off");
}
