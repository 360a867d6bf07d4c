// How many files this process may still open, asked before a library opens some that then cannot
// say what was wrong.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace wireproof {

// RLIMIT_NOFILE less what is open; 0 where that cannot be counted for want of a descriptor.
[[nodiscard]] std::uint64_t files_left();

// Fails (kPrecondition, EMFILE) where that is less than `wanted`, for `what` ("port eth0").
[[nodiscard]] Status check_files(std::uint64_t wanted, std::string_view what);

}  // namespace wireproof
