// Counts what this thread locks: pthread mutexes, read-write locks and spinlocks, by whatever name
// C++ gives them, in the executable this file is linked into.
#pragma once

#include <cstdint>

namespace wireproof {

[[nodiscard]] std::uint64_t locks_of_this_thread();

}  // namespace wireproof
