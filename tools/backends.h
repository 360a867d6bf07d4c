// The backends this build has, in order of preference (see io/backend_set.h).
#pragma once

#include "io/backend_set.h"

namespace wireproof {

[[nodiscard]] BackendSet enabled_backends();

}  // namespace wireproof
