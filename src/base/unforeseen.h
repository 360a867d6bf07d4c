// What nothing below has told as an Error, as one.
#pragma once

#include "base/result.h"

namespace wireproof {

// Of the exception that is being handled: the end of memory, a refusal of the host (threads), or a
// fault of the program. kPrecondition. Only inside a catch block for std::exception.
[[nodiscard]] Error unforeseen_error();

}  // namespace wireproof
