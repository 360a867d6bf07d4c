// The contract between the program and the module wireproof-dpdk.so: one C function.
//
// Both sides exchange C++ types of src/io and src/base, so both must have been compiled from the
// same headers by the same compiler. kBoundaryId (made by scripts/boundary_id.py) is a digest of
// this header, of all that it includes, and of the compiler; the module refuses a program whose
// digest is another.
#pragma once

#include "io/backend.h"

namespace wireproof::dpdk {

inline constexpr const char* kModuleFile = "wireproof-dpdk.so";
inline constexpr const char* kModuleEntry = "wireproof_dpdk_module";

// Returns a new backend that the caller owns, or null when `boundary_id` is not the module's own.
using ModuleEntry = Backend* (*)(const char* boundary_id);

}  // namespace wireproof::dpdk
