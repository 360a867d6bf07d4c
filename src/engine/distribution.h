// From what a loop recorded to what a trial tells.
#pragma once

#include "stats/sample_record.h"
#include "trial/trial.h"

namespace wireproof {

[[nodiscard]] Distribution distribution_of(const SampleRecord& record);

}  // namespace wireproof
