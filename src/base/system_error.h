// What a refused system call means for whoever runs the program.
#pragma once

#include <string>

#include "base/result.h"

namespace wireproof {

// "what: No such device", of kPrecondition, with the number. The cure is that of the cause where
// the cause is a limit of this process or host, whatever was attempted (open files, memory); else
// `cure`, which may be empty. EINVAL and ENOENT are told as EMFILE where hardly a descriptor is
// left.
[[nodiscard]] Error system_error(const std::string& what, int number, std::string cure = {});

}  // namespace wireproof
