// One AF_XDP socket with its memory (umem) and its four rings. The first half of the memory is for
// frames to be sent, the second for frames received, so that the two workers share nothing.
#pragma once

#include <linux/if_xdp.h>
#include <xdp/xsk.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "af_xdp/options.h"
#include "base/result.h"
#include "base/stop.h"

namespace wireproof::af_xdp {

struct UmemLayout {
  std::uint32_t chunk_size = 2048;  // bytes: a power of two, at most a page (xdp_umem_reg)
  std::uint32_t tx_frames = 0;      // chunks 0 .. tx_frames-1; a power of two
  std::uint32_t rx_frames = 0;      // the chunks behind them; a power of two
  [[nodiscard]] std::size_t bytes() const {
    return std::size_t{chunk_size} * (tx_frames + rx_frames);
  }
};

// Bytes the kernel keeps free in front of a received frame (XDP_PACKET_HEADROOM); the receive stamp
// lies in the last eight.
inline constexpr std::uint32_t kRxHeadroomBytes = 256;

// The smallest chunks that hold a received frame of that length. Fails (kPrecondition) when no
// chunk does: one is at most a page.
[[nodiscard]] Result<UmemLayout> plan_umem(std::uint16_t buffer_len_max, std::uint32_t ring_frames);

struct SocketSpec {
  std::string interface;
  unsigned queue = 0;
  unsigned queues = 1;  // of the device, for the sentence about memory
  UmemLayout layout;
  ZeroCopy zero_copy = ZeroCopy::kAuto;
  bool native = true;  // generic XDP never gives zero-copy
  StopFlag stop = nullptr;
};

// The rings are public: each half belongs to its worker, which uses xsk.h's inline functions.
struct Socket {
  // Retries for up to 1.5 s while the kernel still tears down an earlier socket on the queue.
  // Fails with kPrecondition. The receive half of the memory is already in the fill ring.
  [[nodiscard]] static Result<std::unique_ptr<Socket>> open(const SocketSpec& spec);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] int fd() const { return xsk_socket__fd(socket); }
  [[nodiscard]] bool zero_copy() const;
  // Zeros when the kernel does not answer.
  [[nodiscard]] xdp_statistics statistics() const;

  UmemLayout layout;
  std::uint8_t* memory = nullptr;
  xsk_umem* umem = nullptr;
  xsk_socket* socket = nullptr;
  // libxdp keeps private copies of both ends' positions in these: a cache line for each worker.
  alignas(64) xsk_ring_prod tx{};
  xsk_ring_cons completion{};
  alignas(64) xsk_ring_cons rx{};
  xsk_ring_prod fill{};

 private:
  Socket() = default;
  Status map_memory();
  int create(const SocketSpec& spec);  // 0 or an errno
  void raise_tx_budget() const;
  void fill_all();
};

}  // namespace wireproof::af_xdp
