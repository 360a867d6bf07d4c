// The reports of a direction's two ends as JSON, for an end that lies in another process: what is
// written is read back equal. Keys are the names of trial/reports.h, with the unit of a duration
// behind it; what is absent has no key. No schema: both ends are of one version.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "trial/reports.h"

namespace wireproof {

[[nodiscard]] std::string to_json(const SentReport& report);
[[nodiscard]] std::string to_json(const ReceivedReport& report);

// Of text from anywhere. Fails (kPrecondition) with the place of the first thing that is missing,
// of another kind, or impossible: more offered than intended, say. What passes can be folded
// (engine/fold.h); keys that are not known are not looked at.
[[nodiscard]] Result<SentReport> read_sent_report(std::string_view text);
[[nodiscard]] Result<ReceivedReport> read_received_report(std::string_view text);

}  // namespace wireproof
