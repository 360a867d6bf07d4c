// Histograms for other tools: HdrHistogram's V2 compressed encoding in base64, as its own log files
// and its ports to other languages write and read it. The steps are the same there
// (base/histogram.h) so nothing is rounded on the way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/histogram.h"

namespace wireproof {

// Lowest value 1, highest 60,000,000,000 (ns), three significant digits. What lay beyond the last
// step (2^36 - 1 ns, 68.7 s) is put into that step, which keeps the number of samples and every
// percentile that is shown here; a reader's maximum is then 68.7 s, and HistogramSteps::overflow
// tells how many were beyond it. Allocates; any thread.
[[nodiscard]] std::string hdr_v2_base64(const HistogramSteps& steps);

// Back again, of text from anywhere; `overflow`: how many of the last step lay beyond it. nullopt
// of all that hdr_v2_base64() does not write.
[[nodiscard]] std::optional<HistogramSteps> read_hdr_v2_base64(std::string_view text,
                                                               std::uint64_t overflow);

}  // namespace wireproof
