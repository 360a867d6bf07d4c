// What pmc(8) prints of ptp4l: what is understood is within its bounds, and shown as text; a second
// answer behind the first takes nothing from a port that follows a master.
#include "fuzz/fuzz.h"
#include "job/ptp_state.h"

FUZZ_TARGET(ptp) {
  const std::string text(text_of(bytes));
  const PtpFacts facts = parse_pmc(text);
  require_sentence(describe_ptp(facts), 300);
  if (!facts.port_state.empty()) require_sentence(facts.port_state, 43);
  if (!facts.gm_identity.empty()) require_sentence(facts.gm_identity, 43);
  require(!facts.steps_removed || *facts.steps_removed <= 0xffff, "steps removed");
  const PtpFacts more = parse_pmc(text + "\nportState LISTENING\n");
  require(!more.port_state.empty(), "a state is lost");
  if (facts.port_state == "SLAVE") require(more.port_state == "SLAVE", "the port that follows");
}
