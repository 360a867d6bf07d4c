#include "pool.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <algorithm>
#include <new>

#include "eal.h"

namespace wireproof::dpdk {
namespace {

constexpr unsigned kThreadCache = 256;  // frames a thread keeps for itself, last in, first out

void make_frame(rte_mempool*, void*, void* object, unsigned) {
  auto* mbuf = static_cast<rte_mbuf*>(object);
  const auto room = static_cast<std::uint16_t>(mbuf->buf_len - RTE_PKTMBUF_HEADROOM);
  new (frame_of(mbuf)) Frame{.data = rte_pktmbuf_mtod(mbuf, std::uint8_t*), .capacity = room};
}

}  // namespace

Result<Pool> make_pool(const std::string& name, unsigned frames, std::uint16_t capacity,
                       int numa_node) {
  const auto room = static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + capacity);
  Pool pool(rte_pktmbuf_pool_create(name.c_str(), frames, kThreadCache, kPrivateSize, room,
                                    numa_node < 0 ? SOCKET_ID_ANY : numa_node));
  if (!pool) {
    const std::size_t bytes = frames * (sizeof(rte_mbuf) + kPrivateSize + room);
    return fail(ErrorKind::kPrecondition,
                fmt::format("DPDK has no {} MB left for {} frames: {}", (bytes >> 20) + 1, frames,
                            rte_strerror(rte_errno)),
                "more hugepages (echo 1024 > /proc/sys/vm/nr_hugepages), or a shorter --ring",
                rte_errno);
  }
  rte_mempool_obj_iter(pool.get(), make_frame, nullptr);
  return pool;
}

unsigned frames_free(rte_mempool* pool) {
  unsigned count = rte_mempool_get_ops(pool->ops_index)->get_count(pool);
  for (unsigned thread = 0; thread <= highest_adopted(); ++thread) {
    const rte_mempool_cache* cache = rte_mempool_default_cache(pool, thread);
    if (cache != nullptr) count += cache->len;
  }
  return std::min(count, pool->size);
}

}  // namespace wireproof::dpdk
