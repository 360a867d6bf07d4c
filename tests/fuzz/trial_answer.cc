// What a trial command prints (docs/manual.md, "Driving another tester"): an answer that is taken
// keeps its promises and is taken again, as the same, when it is written down; one that is refused
// gets a sentence.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "fuzz/fuzz.h"
#include "report/trial_exchange.h"

FUZZ_TARGET(trial_answer) {
  const auto answer = parse_trial_answer(text_of(bytes));
  if (!answer) return require_refusal(answer.error(), ErrorKind::kPeer);
  require(answer->intended >= answer->offered, "more offered than intended");
  require(answer->offered >= answer->received, "more received than offered");
  require(answer->duration > 0 && answer->duration <= 1'000'000 * kSecond, "no duration");
  nlohmann::json written = {{"intended", answer->intended},
                            {"offered", answer->offered},
                            {"received", answer->received},
                            {"duration_s", static_cast<double>(answer->duration) / 1e9}};
  if (!answer->invalid.empty()) written["invalid"] = answer->invalid;
  const auto again = parse_trial_answer(written.dump());
  require(again.has_value(), "an answer is not read back");
  require(again->intended == answer->intended && again->offered == answer->offered &&
              again->received == answer->received && again->invalid == answer->invalid,
          "an answer is read back as another");
  require(std::abs(again->duration - answer->duration) <= 1'000, "a duration is not read back");
}
