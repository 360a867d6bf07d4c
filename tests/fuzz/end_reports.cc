// What the two ends of a direction tell each other: what is taken is written and read back equal,
// and can be folded.
#include "report/end_reports.h"
#include "engine/fold.h"
#include "fuzz/fuzz.h"

FUZZ_TARGET(end_reports) {
  const auto sent = read_sent_report(text_of(bytes));
  if (sent) {
    const auto again = read_sent_report(to_json(*sent));
    require(again.has_value() && *again == *sent, "what was sent changes when it is read");
    (void)fold(*sent, std::nullopt, {});
  } else {
    require_refusal(sent.error(), ErrorKind::kPrecondition);
  }
  const auto received = read_received_report(text_of(bytes));
  if (!received) return require_refusal(received.error(), ErrorKind::kPrecondition);
  const auto again = read_received_report(to_json(*received));
  require(again.has_value() && *again == *received, "what was received changes when it is read");
  // Numbers as if all had come, and as many as nobody sent.
  SentReport other{.intended = received->counts.unique, .offered = received->counts.unique};
  const std::optional<ReceivedReport> there(*received);
  (void)fold(other, there, {});
  for (const ReceivedReport::Space& space : received->spaces)
    other.sent_per_space.push_back(space.reached + 1);
  (void)fold(other, there, {.one_port = true, .link_went = true});
}
