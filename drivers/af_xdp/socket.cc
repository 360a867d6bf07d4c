#include "af_xdp/socket.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "af_xdp/privilege.h"
#include "base/memory.h"
#include "base/system_error.h"

namespace wireproof::af_xdp {
namespace {

// Enough for one burst in the making, one on its way and the completions in between; a larger set
// would only fall out of the cache.
constexpr std::uint32_t kTxFrames = 2048;

// Descriptors one sendto may take in copy mode, 32 unless raised (Linux 6.17 and newer); Debian
// 12's linux/if_xdp.h does not have it.
constexpr int kXdpMaxTxSkbBudget = 9;

constexpr auto kLongestPause = std::chrono::milliseconds(80);
constexpr auto kBusyRetryFor = std::chrono::milliseconds(1500);

tl::unexpected<Error> memory_refusal(const SocketSpec& spec, int error) {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::size_t needed = spec.layout.bytes() * spec.queues;
  if (!may_lock_any_memory() && limit.rlim_cur != RLIM_INFINITY) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("AF_XDP needs {} KiB of locked memory for {} queue(s) of {}, and "
                            "RLIMIT_MEMLOCK allows {} KiB",
                            needed / 1024, spec.queues, spec.interface, limit.rlim_cur / 1024),
                "raise it with 'ulimit -l' or LimitMEMLOCK=, or grant CAP_IPC_LOCK", error);
  }
  return fail(ErrorKind::kPrecondition,
              fmt::format("the kernel refuses {} KiB of socket memory for {}: {}", needed / 1024,
                          spec.interface, std::strerror(error)),
              "free memory, or ask for fewer queues", error);
}

tl::unexpected<Error> open_refusal(const SocketSpec& spec, int error) {
  if (error == ENOBUFS || error == ENOMEM) return memory_refusal(spec, error);
  const std::string what =
      fmt::format("cannot open an AF_XDP socket on queue {} of {}", spec.queue, spec.interface);
  if (error == EBUSY) {
    return fail(ErrorKind::kPrecondition, what + ": another program uses that queue",
                "end the other program, or choose another interface", error);
  }
  if (spec.zero_copy == ZeroCopy::kRequire) {
    return fail(
        ErrorKind::kPrecondition,
        what + fmt::format(": its driver does not grant zero-copy ({})", std::strerror(error)),
        "leave zero-copy=require away to use copy mode", error);
  }
  return tl::unexpected(system_error(what, error));
}

std::uint16_t bind_flags(const SocketSpec& spec) {
  std::uint16_t flags = XDP_USE_NEED_WAKEUP;
  if (spec.zero_copy == ZeroCopy::kRequire) flags |= XDP_ZEROCOPY;
  // Without either flag the kernel tries zero-copy and falls back by itself.
  if (spec.zero_copy == ZeroCopy::kOff || !spec.native) flags |= XDP_COPY;
  return flags;
}

}  // namespace

Result<UmemLayout> plan_umem(std::uint16_t buffer_len_max, std::uint32_t ring_frames) {
  const auto page_size = static_cast<std::uint32_t>(sysconf(_SC_PAGESIZE));
  UmemLayout layout{.tx_frames = kTxFrames, .rx_frames = ring_frames};
  while (layout.chunk_size - kRxHeadroomBytes < buffer_len_max) {
    layout.chunk_size *= 2;
    if (layout.chunk_size > page_size) {
      return fail(ErrorKind::kPrecondition,
                  fmt::format("AF_XDP holds a frame in one memory page, at most {} bytes with FCS, "
                              "and frames of {} bytes are asked for",
                              page_size - kRxHeadroomBytes + 4, buffer_len_max + 4),
                  "use smaller frames, or the af_packet backend");
    }
  }
  return layout;
}

Result<std::unique_ptr<Socket>> Socket::open(const SocketSpec& spec) {
  using Clock = std::chrono::steady_clock;
  std::unique_ptr<Socket> socket(new Socket);
  socket->layout = spec.layout;
  if (const Status mapped = socket->map_memory(); !mapped) return tl::unexpected(mapped.error());
  const auto give_up = Clock::now() + kBusyRetryFor;
  auto pause = std::chrono::milliseconds(10);
  int error = socket->create(spec);
  while (error == EBUSY && Clock::now() + pause < give_up && !stop_asked(spec.stop)) {
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
    error = socket->create(spec);
  }
  if (error != 0) return open_refusal(spec, error);
  socket->raise_tx_budget();
  socket->fill_all();
  return socket;
}

Socket::~Socket() {
  if (socket != nullptr) xsk_socket__delete(socket);
  if (umem != nullptr) xsk_umem__delete(umem);
  if (memory != nullptr) munmap(memory, layout.bytes());
}

Status Socket::map_memory() {
  constexpr const char* kLess = "use fewer queues, a smaller receive ring or smaller frames";
  if (Status room = check_memory(layout.bytes(), "the memory of an AF_XDP socket", kLess); !room) {
    return room;
  }
  void* mapped = mmap(nullptr, layout.bytes(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (mapped == MAP_FAILED) {
    return tl::unexpected(system_error(
        fmt::format("no memory for {} KiB of frames", layout.bytes() / 1024), errno, kLess));
  }
  memory = static_cast<std::uint8_t*>(mapped);
  return {};
}

int Socket::create(const SocketSpec& spec) {
  xsk_umem_config umem_config{};
  // Twice the chunks: the kernel says in batches what it took from this ring, and has handed us the
  // frames by then.
  umem_config.fill_size = layout.rx_frames * 2;
  umem_config.comp_size = layout.tx_frames;
  umem_config.frame_size = layout.chunk_size;
  int status = xsk_umem__create(&umem, memory, layout.bytes(), &fill, &completion, &umem_config);
  if (status != 0) {
    umem = nullptr;
    return -status;
  }
  xsk_socket_config config{};
  config.rx_size = layout.rx_frames;
  config.tx_size = layout.tx_frames;
  config.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD;
  config.bind_flags = bind_flags(spec);
  status = xsk_socket__create(&socket, spec.interface.c_str(), spec.queue, umem, &rx, &tx, &config);
  if (status != 0) {
    socket = nullptr;
    xsk_umem__delete(umem);
    umem = nullptr;
  }
  return -status;
}

void Socket::raise_tx_budget() const {
  const std::uint32_t budget = layout.tx_frames;
  // An older kernel does not know the option; the rest of a burst then waits for the next kick.
  static_cast<void>(setsockopt(fd(), SOL_XDP, kXdpMaxTxSkbBudget, &budget, sizeof budget));
}

void Socket::fill_all() {
  std::uint32_t index = 0;
  const std::uint32_t reserved = xsk_ring_prod__reserve(&fill, layout.rx_frames, &index);
  for (std::uint32_t i = 0; i < reserved; ++i) {
    *xsk_ring_prod__fill_addr(&fill, index + i) =
        std::uint64_t{layout.chunk_size} * (layout.tx_frames + i);
  }
  xsk_ring_prod__submit(&fill, reserved);
}

bool Socket::zero_copy() const {
  xdp_options options{};
  socklen_t length = sizeof options;
  return getsockopt(fd(), SOL_XDP, XDP_OPTIONS, &options, &length) == 0 &&
         (options.flags & XDP_OPTIONS_ZEROCOPY) != 0;
}

xdp_statistics Socket::statistics() const {
  xdp_statistics statistics{};
  socklen_t length = sizeof statistics;
  if (getsockopt(fd(), SOL_XDP, XDP_STATISTICS, &statistics, &length) != 0) return {};
  return statistics;
}

}  // namespace wireproof::af_xdp
