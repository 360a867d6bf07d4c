// Counts calls of operator new in the executable this file is linked into.
#pragma once

#include <cstdint>

namespace wireproof {

[[nodiscard]] std::uint64_t allocations_of_this_thread();

}  // namespace wireproof
