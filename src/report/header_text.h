// The headers of a direction's frames, in words.
#pragma once

#include <string>

#include "report/document.h"

namespace wireproof {

// All but the MAC addresses: "VLAN 5, 198.18.0.1 to 198.19.0.1, UDP port 49152 to 9, TTL 64, DSCP
// 0".
[[nodiscard]] std::string header_text(const SentHeaders& headers);
// With them, as they left.
[[nodiscard]] std::string sent_header_text(const SentHeaders& headers);
// Of each direction of all trials, each once, a wrapped line each. Ends with a newline where there
// are any.
[[nodiscard]] std::string headers_text(const RunReport& report);

}  // namespace wireproof
