// The module's side of module.h.
#include "module.h"

#include <cstring>

#include "backend.h"
#include "boundary_id.h"

extern "C" [[gnu::visibility("default")]] wireproof::Backend* wireproof_dpdk_module(
    const char* boundary_id) {
  if (std::strcmp(boundary_id, wireproof::dpdk::kBoundaryId) != 0) return nullptr;
  return wireproof::dpdk::make_backend().release();
}
