// What a document says of the host it was made on.
#pragma once

#include "base/host_clock.h"
#include "report/document.h"

namespace wireproof {

// Without what only a job knows: its cores and ports.
[[nodiscard]] HostFacts host_facts(const HostClock& clock);

}  // namespace wireproof
