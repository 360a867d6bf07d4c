// From what the two ends of a direction found to what is told of it. Pure: no device, no clock.
#pragma once

#include <optional>
#include <string>

#include "trial/reports.h"

namespace wireproof {

struct FoldContext {
  bool one_port = false;   // the receiver is the sender's own port: delays are round trips
  bool link_went = false;  // the trial means nothing, and no loss is the device's
  // What other streams between the same ports lost (where nobody receives: sent). Of what the ports
  // dropped, as much may be theirs.
  std::uint64_t lost_beside = 0;
};

struct Folded {
  DirectionResult result;
  std::string spoiled;  // why the counts mean nothing; empty when they mean something
  std::string note;     // what the reader must know; or empty
};

// `received` absent: nobody receives. The two ways of counting the lost are compared (numbers sent
// less numbers that arrived, by space; frames offered less frames that arrived), the lost are laid
// to what the ports' counters explain, and what is left to the device under test, unless something
// of ours would not have told.
[[nodiscard]] Folded fold(const SentReport& sent, const std::optional<ReceivedReport>& received,
                          const FoldContext& context);

}  // namespace wireproof
