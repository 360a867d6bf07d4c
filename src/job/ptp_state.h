// Whether this host's clocks follow a PTP master, as linuxptp's ptp4l says (pmc(8)).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "report/document.h"

namespace wireproof {

inline constexpr const char* kPtp4lSocket = "/var/run/ptp4l";

// What pmc printed in answer to TIME_STATUS_NP, PORT_DATA_SET and CURRENT_DATA_SET. Of several
// ports the one that follows a master counts. Anything not understood is left out.
[[nodiscard]] PtpFacts parse_pmc(std::string_view text);

// Absent when ptp4l does not run, that is when nobody listens on its management socket; empty facts
// when it runs and does not answer (no pmc(8), no right to ask). Takes some 0.1 s where it runs;
// not longer than `patience`.
[[nodiscard]] std::optional<PtpFacts> read_ptp_state(Nanoseconds patience,
                                                     const std::string& socket = kPtp4lSocket);

// "SLAVE, offset -12 ns, path delay 480 ns, master 525400.fffe.123456"
[[nodiscard]] std::string describe_ptp(const PtpFacts& ptp);

}  // namespace wireproof
