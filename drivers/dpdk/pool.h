// A pool of packet buffers (mbufs) that are Frames as well: the Frame lies in the mbuf's private
// area, so the two are found from each other by adding a constant, and what a frame last held
// (template_id) stays with its bytes wherever DPDK has them meanwhile.
//
//   rte_mbuf (128 bytes) | Frame (32, its cache line alone) | headroom (128) | bytes
#pragma once

#include <rte_mbuf.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "io/frame.h"

namespace wireproof::dpdk {

inline constexpr std::size_t kPrivateSize = 64;
static_assert(sizeof(Frame) <= kPrivateSize && sizeof(rte_mbuf) % 64 == 0);

inline Frame* frame_of(rte_mbuf* mbuf) {
  return reinterpret_cast<Frame*>(mbuf + 1);
}
inline rte_mbuf* mbuf_of(Frame* frame) {
  return reinterpret_cast<rte_mbuf*>(frame) - 1;
}

struct FreePool {
  void operator()(rte_mempool* pool) const { rte_mempool_free(pool); }
};
using Pool = std::unique_ptr<rte_mempool, FreePool>;

// `frames` of `capacity` bytes on that NUMA node (-1: any). Fails with kPrecondition, saying how
// much memory it would have taken.
[[nodiscard]] Result<Pool> make_pool(const std::string& name, unsigned frames,
                                     std::uint16_t capacity, int numa_node);

// Frames that nobody holds, the caches of threads included. Any thread; a guess while others take.
[[nodiscard]] unsigned frames_free(rte_mempool* pool);

}  // namespace wireproof::dpdk
